import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import { bin, Installed } from './installed.ts';

/*
 * The server is killed again and again while a simulated fleet registers over STOMP. After each restart every node that
 * had a receipt is there once, with what was receipted or something newer; what had none is sent again and arrives.
 */

const KILLS = 50;
const NODES = 300;
const seed = Number(process.env.MUSTER_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** The moments of the kills. */
const random = createRandom(seed);

interface Entry {
  readonly identity: string;
  readonly generation: number;
}

let folder: string;
let muster: Installed;
let simulation: ChildProcess;
let simulationLog = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-kill-'));
  muster = await Installed.start({ env: { MUSTER_LOG_LEVEL: 'warn' } });
  simulation = spawn(
    process.execPath,
    [
      bin('muster'),
      'simulate',
      '--nodes',
      String(NODES),
      '--rounds',
      '1000000',
      '--rate',
      '2000',
      '--changed',
      '1',
      '--seed',
      String(seed),
      '--journal',
      join(folder, 'journal'),
    ],
    { env: { PATH: process.env.PATH, HOME: folder, ...muster.env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  for (const stream of [simulation.stdout, simulation.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      simulationLog += chunk.toString();
    });
  }
}, 60_000);

afterAll(async () => {
  simulation?.kill('SIGKILL');
  await muster?.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** The newest receipted generation of each node, from whole lines of the journal. */
function receipted(): Map<string, number> {
  const file = join(folder, 'journal');
  const newest = new Map<string, number>();
  if (!existsSync(file)) return newest;
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  for (const line of lines) {
    const { identity, generation } = JSON.parse(line) as Entry;
    newest.set(identity, Math.max(generation, newest.get(identity) ?? -1));
  }
  return newest;
}

/** Every node the service knows, with the generation it holds. Fails where one is there twice. */
async function kept(): Promise<Map<string, number>> {
  const answer = await muster.get('/v1/nodes?limit=1000&fields=identity,simulation.generation');
  const { nodes } = JSON.parse(answer.body) as { nodes: Record<string, unknown>[] };
  const found = new Map<string, number>();
  for (const one of nodes) {
    const identity = String(one.identity);
    expect(found.has(identity), `${identity} is there twice`).toBe(false);
    const facts = (one.facts ?? one) as Record<string, unknown>;
    found.set(identity, Number(facts['simulation.generation'] ?? facts['facts.simulation.generation']));
  }
  return found;
}

const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));

describe(`a server killed ${KILLS} times (seed ${seed})`, () => {
  it('loses nothing it has receipted, and gets everything else again', async () => {
    process.stdout.write(`kill test: MUSTER_TEST_SEED=${seed}\n`);
    for (let kill = 1; kill <= KILLS; kill++) {
      const before = receipted().size;
      // A kill falls in the middle of work: some receipts of this life have come.
      const until = Date.now() + 10_000;
      while (kill === 1 && receipted().size === before && Date.now() < until) await wait(20);
      await wait(100 + random.next() * 500);
      await muster.kill();
      const promised = receipted();
      await muster.up();
      const found = await kept();
      for (const [identity, generation] of promised) {
        const now = found.get(identity);
        expect(now, `kill ${kill}: ${identity} was receipted and is not there`).toBeDefined();
        expect(now, `kill ${kill}: ${identity} went back`).toBeGreaterThanOrEqual(generation);
      }
    }
    const lastLife = receipted();
    const until = Date.now() + 30_000;
    for (;;) {
      const now = receipted();
      if (now.size === NODES && [...now].every(([identity, generation]) => generation > (lastLife.get(identity) ?? -1)))
        break;
      if (Date.now() > until) throw new Error(`not every node came again:\n${simulationLog.slice(-2000)}`);
      await wait(100);
    }
    const ended = new Promise((done) => simulation.once('exit', done));
    simulation.kill('SIGINT');
    await ended;
    const promised = receipted();
    const found = await kept();
    expect(found.size).toBe(NODES);
    for (const [identity, generation] of promised) expect(found.get(identity)).toBeGreaterThanOrEqual(generation);
  }, 300_000);
});
