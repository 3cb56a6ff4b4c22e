/* Opens the store in the folder given, says so, and stays. */
import { silentLogger } from '../../../../core/index.ts';
import { openEmbeddedStore } from '../../../../registry/index.ts';

const path = process.argv[2] as string;
try {
  await openEmbeddedStore({ path, logger: silentLogger() });
  process.stdout.write('open\n');
  setInterval(() => undefined, 60_000);
} catch (thrown) {
  process.stdout.write(`refused ${(thrown as { code: string }).code}\n`);
}
