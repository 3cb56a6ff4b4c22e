/* Registers one node after the other and prints a line for each, once the store has acknowledged it. */
import { writeSync } from 'node:fs';
import { silentLogger } from '../../../../core/index.ts';
import { openEmbeddedStore } from '../../../../registry/index.ts';
import { register } from '../../contract/fixtures.ts';

const [path, count] = process.argv.slice(2) as [string, string];
const store = await openEmbeddedStore({ path, logger: silentLogger() });
writeSync(1, 'open\n');
for (let i = 0; i < Number(count); i++) {
  await store.apply([register(`n${i}`)]);
  writeSync(1, `acknowledged n${i}\n`);
}
await store.close();
