import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NODE_STATES } from '../../core/index.ts';
import {
  addSilentNodes,
  type Fleet,
  fleet,
  moreNodes,
  NOW,
  serviceOver,
  startFleet,
} from '../query/service/fixture.ts';
import { call } from './canned-service.ts';

/* Nodes by state, asked of a real service over the fleet with a late, a missing and a retired node. */

const FRESH = 3;
let store: Fleet;
let app: FastifyInstance;
let url: string;
let silent: Awaited<ReturnType<typeof addSilentNodes>>;
beforeAll(async () => {
  store = await startFleet(fleet.slice(0, FRESH));
  silent = await addSilentNodes(store);
  app = await serviceOver(store.engine);
  url = await app.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(async () => {
  await app.close();
  await store.close();
});

const ask = (name: string, ...argv: string[]) => call(name, argv, { url });
const firstWords = (table: string) =>
  table
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/)[0]);
const everybody = () => [...fleet.slice(0, FRESH), ...moreNodes.slice(0, 3)].map(({ identity }) => identity).sort();

describe('muster node list', () => {
  it('shows every node with its state, missing and retired ones too, in the order of identity', async () => {
    const { status, stdout, stderr } = await ask('muster', 'node', 'list');
    expect(firstWords(stdout)).toEqual(['NODE', ...everybody()]);
    const rowOf = (first: string) =>
      stdout
        .split('\n')
        .find((line) => line.startsWith(first))
        ?.split(/ {2,}/) ?? [];
    expect(rowOf('NODE')).toEqual(['NODE', 'STATE', 'AGE', 'INTERVAL', 'LAST SEEN', 'VIA', 'PROOF']);
    const [late, missing, retired] = [silent.late, silent.missing, silent.retired];
    expect(rowOf(late).slice(0, 3)).toEqual([late, 'late', '20m']);
    expect(rowOf(missing).slice(0, 3)).toEqual([missing, 'missing', '40d']);
    expect(rowOf(retired).slice(0, 3)).toEqual([retired, 'retired', '50d']);
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it('shows interval and time of the last word in columns', async () => {
    const { stdout } = await ask('muster', 'node', 'list', '--state', 'missing');
    const gap = ' '.repeat(silent.missing.length - 'NODE'.length);
    expect(stdout).toBe(
      `NODE${gap}  STATE    AGE  INTERVAL  LAST SEEN             VIA   PROOF\n` +
        `${silent.missing}  missing  40d  30m       ${new Date((NOW - 40 * 86_400) * 1000).toISOString().slice(0, 19)}Z  http  token\n`,
    );
  });

  it('narrows to states, by the flag again or by commas, and to filters', async () => {
    const both = ['NODE', ...[silent.late, silent.retired].sort()];
    for (const argv of [
      ['--state', 'late', '--state', 'retired'],
      ['--state=late,retired'],
      ['--state=late', '--retired'],
    ]) {
      expect(firstWords((await ask('muster', 'node', 'list', ...argv)).stdout)).toEqual(both);
    }
    expect(firstWords((await ask('muster', 'node', 'list', '--retired')).stdout)).toEqual(['NODE', silent.retired]);
    const filtered = await ask('muster', 'node', 'list', '-I', silent.missing, '-I', silent.retired);
    expect(firstWords(filtered.stdout)).toEqual(['NODE', ...[silent.missing, silent.retired].sort()]);
    expect(filtered.stderr).toBe('5 nodes: 0 matched, 4 did not, 1 cannot be told (1 of them missing)\n');
    const every = `fresh,late,missing,retired`;
    expect(firstWords((await ask('muster', 'node', 'list', '--state', every, '--retired')).stdout)).toHaveLength(7);
  });

  it('prints JSON with a field for each column', async () => {
    const { stdout } = await ask('muster', 'node', 'list', '--json', '--state', 'retired');
    const { nodes, account } = JSON.parse(stdout);
    expect(nodes).toEqual([
      {
        identity: silent.retired,
        state: 'retired',
        age: 50 * 86_400,
        interval: null,
        lastseen: NOW - 50 * 86_400,
        'source.via': 'http',
        'source.proof': 'token',
      },
    ]);
    expect(account).toMatchObject({ total: 5, matched: 4, unknown: 1, missing: 1 });
  });

  it('refuses a state that is none, and names the four', async () => {
    const { status, stdout, stderr } = await ask('muster', 'node', 'list', '--state', 'asleep');
    expect(status).toBe(64);
    expect(stdout).toBe('');
    expect(stderr).toContain('argument_invalid');
    for (const state of NODE_STATES) expect(stderr).toContain(state);
  });
});

describe('mc-find and muster query --state', () => {
  it('print the nodes in the state, and end with 1 where nobody is', async () => {
    expect(await ask('mc-find', '--state', 'late,missing')).toEqual({
      status: 0,
      stdout: `${[silent.late, silent.missing].sort().join('\n')}\n`,
      stderr: '',
    });
    expect((await ask('muster', 'query', '{}', '--state', 'retired')).stdout).toBe(`${silent.retired}\n`);
    const nobody = await ask('mc-find', '-I', fleet[0]?.identity as string, '--state', 'late,missing');
    expect(nobody.status).toBe(1);
    expect(nobody.stdout).toBe('');
    expect(nobody.stderr).toMatch(/^No late or missing node matched\n5 nodes: 1 matched, 3 did not/);
  });

  it('tell the ages of the nodes given with -v', async () => {
    const { stderr } = await ask('mc-find', '-v', '--state', 'missing');
    expect(stderr).toBe('5 nodes: 4 matched, 0 did not, 1 cannot be told (1 of them missing)\nLast heard 40d ago\n');
  });
});
