import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Installed } from '../test/acceptance/installed.ts';

/** Makes the next start of a server that is down build its columns from the store. */
export function removeSnapshot(muster: Installed): void {
  rmSync(join(muster.dataDir, 'columns.snapshot'));
}
