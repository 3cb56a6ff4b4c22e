/*
 * Registers batches without end, several at a time, and prints what was acknowledged: `taken <round> <batch>`. Every
 * batch writes its five nodes with its own number, so that a half-written one shows.
 */
import { writeSync } from 'node:fs';
import { silentLogger } from '../../../../core/index.ts';
import { openEmbeddedStore } from '../../../../registry/index.ts';
import { createRandom } from '../../../random.ts';
import { register } from '../../contract/fixtures.ts';

const [path, round, seed] = process.argv.slice(2) as [string, string, string];
const random = createRandom(Number(seed));
const store = await openEmbeddedStore({ path, logger: silentLogger() });
writeSync(1, 'open\n');
let batch = 0;
const work = async (writer: number): Promise<void> => {
  for (;;) {
    const number = batch++;
    // Some batches come again to the same group of nodes: there old content is replaced, not only new added.
    const group = random.below(2) === 0 ? `${writer}` : `${writer}-${round}-${number}`;
    const facts = { round: Number(round), batch: number, padding: 'x'.repeat(random.below(6000)) };
    await store.apply(Array.from({ length: 5 }, (_, i) => register(`w${group}.n${i}`, { facts })));
    writeSync(1, `taken ${round} ${number} w${group}\n`);
  }
};
await Promise.all([0, 1, 2].map(work));
