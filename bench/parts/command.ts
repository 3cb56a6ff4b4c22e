import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { bin, type Installed } from '../../test/acceptance/installed.ts';
import { type Figure, ms, spreadOf } from '../figures.ts';

const RUNS = 25;

/** mc-find as installed beside a bare node, whole processes, by turns. */
export async function command(muster: Installed): Promise<Figure[]> {
  const find: number[] = [];
  const bare: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    bare.push(await milliseconds(muster, ['-e', '0']));
    find.push(
      await milliseconds(muster, [bin('mc-find'), '-W', 'environment=development customer=acme mysql::master']),
    );
  }
  const [ours, theirs] = [spreadOf(find).p50, spreadOf(bare).p50];
  const times = (ours / theirs).toFixed(2);
  return [
    {
      name: 'mc-find, whole process, p50',
      value: `${ms(ours)}, ${times}x`,
      target: '<= 2x node -e 0',
      met: ours <= 2 * theirs,
    },
    { name: 'peer: node -e 0, whole process, p50', value: ms(theirs) },
  ];
}

function milliseconds(muster: Installed, args: readonly string[]): Promise<number> {
  const started = performance.now();
  return new Promise((done, fail) => {
    spawn(process.execPath, args, { env: { PATH: process.env.PATH, ...muster.env }, stdio: 'ignore' })
      .on('close', (status) => {
        if (status === 0) done(performance.now() - started);
        else fail(new Error(`${args.join(' ')} ended with status ${status}`));
      })
      .on('error', fail);
  });
}
