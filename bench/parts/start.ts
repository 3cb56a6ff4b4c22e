import { performance } from 'node:perf_hooks';
import type { Installed } from '../../test/acceptance/installed.ts';
import { below, type Figure } from '../figures.ts';
import { medianOfRounds, ROUNDS } from '../rounds.ts';
import { removeSnapshot } from '../snapshot.ts';

/** From the start of the process to /readyz, from a snapshot and without. */
export async function start(muster: Installed): Promise<Figure[]> {
  const restart = async (prepare: () => void): Promise<number> => {
    await muster.down();
    prepare();
    const started = performance.now();
    await muster.up();
    return performance.now() - started;
  };
  const fromSnapshot = await medianOfRounds(1, () => restart(() => {}));
  const without = await medianOfRounds(1, () => restart(() => removeSnapshot(muster)));
  return [
    below(`process start to ready, from a snapshot, median of ${ROUNDS}`, fromSnapshot, 2000),
    below(`process start to ready, without a snapshot, median of ${ROUNDS}`, without, 10_000),
  ];
}
