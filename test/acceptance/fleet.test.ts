import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { node } from '../data/fleet.mjs';
import { Installed } from './installed.ts';
import { asTyped, blocksOf } from './pages.ts';

const NODES = 10_000;
const SEED_QUERY = "{'facts.customer': 'acme', 'facts.environment':development, classes: 'mysql::master'}";

let muster: Installed;
let master: string;
let lines: string;

beforeAll(async () => {
  const documents = Array.from({ length: NODES }, (_, i) => node(i));
  const masters = documents.filter(
    (one) =>
      one.facts.customer === 'acme' && one.facts.environment === 'development' && one.classes.includes('mysql::master'),
  );
  expect(masters).toHaveLength(1);
  master = masters[0]?.identity as string;
  lines = documents.map((one) => `${JSON.stringify(one)}\n`).join('');
  muster = await Installed.start();
  const imported = await muster.run('muster', ['import', '-'], {
    input: lines,
  });
  expect(imported.stderr).toContain('10000');
  expect(imported.status).toBe(0);
}, 120_000);

afterAll(() => muster.remove());

describe('a fleet of 10,000 imported nodes', () => {
  it('is brought and asked as the README has it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'muster-fleet-'));
    writeFileSync(join(folder, 'fleet.ndjson'), lines);
    const [block] = blocksOf('README.md', 'fleet');
    const ran = await asTyped(muster, block as string, folder);
    rmSync(folder, { recursive: true });
    expect(ran.status, ran.stderr).toBe(0);
    expect(ran.stdout).toContain(`Running: ssh ${master}\n`);
    expect(ran.stdout).toMatch(new RegExp(`^${master}$`, 'm'));
  });

  it('mc-ssh finds the one master by metadata', async () => {
    const ran = await muster.run('mc-ssh', ['-W', 'environment=development customer=acme mysql::master', '--dry-run']);
    expect(ran.stdout).toBe(`Running: ssh ${master}\n`);
    expect(ran.status).toBe(0);
  });

  it('the seed query gives the same node through muster query, REST and GraphQL', async () => {
    const query = await muster.run('muster', ['query', SEED_QUERY]);
    expect(query.stdout).toBe(`${master}\n`);

    const rest = await muster.get(`/v1/nodes?query=${encodeURIComponent(SEED_QUERY)}`);
    expect(JSON.parse(rest.body).nodes.map((one: { identity: string }) => one.identity)).toEqual([master]);

    const document =
      'query ($q: JSON) { nodes(query: $q) { totalCount nodes { identity } account { total matched notMatched unknown } } }';
    const graphql = await muster.post('/graphql', { query: document, variables: { q: SEED_QUERY } });
    const { nodes } = JSON.parse(graphql.body).data;
    expect(nodes.nodes).toEqual([{ identity: master }]);
    expect(nodes.totalCount).toBe(1);
    expect(nodes.account.matched + nodes.account.notMatched + nodes.account.unknown).toBe(nodes.account.total);
  });

  it('mc-facts counts what the documents say', async () => {
    const ran = await muster.run('mc-facts', ['environment', '--json']);
    const told = JSON.parse(ran.stdout);
    expect(JSON.stringify(told)).toContain('production');
    expect(ran.status).toBe(0);
  });

  it('is there again after a restart', async () => {
    await muster.down();
    await muster.up();
    const ran = await muster.run('muster', ['query', SEED_QUERY]);
    expect(ran.stdout).toBe(`${master}\n`);
    const all = await muster.run('muster', ['find', '--json']);
    expect(JSON.parse(all.stdout).account.total).toBe(NODES);
  });
});
