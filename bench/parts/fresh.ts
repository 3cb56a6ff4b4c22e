import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { freePort, root, run } from '../../test/acceptance/installed.ts';
import { below, type Figure } from '../figures.ts';

const FIRST_MS = 60_000;
const SECOND_MS = 3000;
const POLL_MS = 25;

/** `npm start` on a fresh clone of what is committed to the first answered query, and again. */
export async function fresh(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-bench-'));
  try {
    const clone = join(folder, 'clone');
    const cloned = await run('git', ['clone', '-q', root, clone]);
    if (cloned.status !== 0) throw new Error(cloned.stderr);
    const first = await npmStart(clone, join(folder, 'data'));
    const second = await npmStart(clone, join(folder, 'data'));
    return [
      below('npm start on a fresh clone to the first answer', first, FIRST_MS),
      below('the second npm start to the first answer', second, SECOND_MS),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function npmStart(clone: string, dataDir: string): Promise<number> {
  const [http, stomp] = [await freePort(), await freePort()];
  const env = {
    ...process.env,
    MUSTER_CONFIG: '/dev/null',
    MUSTER_DATA_DIR: dataDir,
    MUSTER_HTTP_LISTEN: `127.0.0.1:${http}`,
    MUSTER_BROKER_EMBEDDED: `127.0.0.1:${stomp}`,
  };
  const started = performance.now();
  // Detached: npm, its shell and the server are ended as one group.
  const child = spawn('npm', ['start'], { cwd: clone, env, stdio: 'ignore', detached: true });
  const ended = once(child, 'exit');
  try {
    for (;;) {
      const hasAnswered = await fetch(`http://127.0.0.1:${http}/v1/nodes`).then(
        (answer) => answer.ok,
        () => false,
      );
      if (hasAnswered) return performance.now() - started;
      if (child.exitCode !== null) throw new Error(`npm start ended by itself with status ${child.exitCode}`);
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
  } finally {
    if (child.exitCode === null) process.kill(-(child.pid as number), 'SIGTERM');
    await ended;
  }
}
