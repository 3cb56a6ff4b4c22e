import { expect, test } from 'vitest';
import {
  type EpochSeconds,
  NODE_STATES,
  type NodeDocument,
  type NodeState,
  nodeState,
  silentLogger,
} from '../../../core/index.ts';
import { type ColumnsEngine, createQueryEngine, parseJsonQuery } from '../../../query/index.ts';
import { createRandom, type Random, testSeed } from '../../random.ts';
import { nodeDocument } from '../language/node-documents.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import { answerPlainly, comparable } from './reference.ts';

const NOW = 1_789_000_000;
const RULE = { intervalSeconds: 300, expireAfterSeconds: 86_400 };
const ALL = parseJsonQuery({});

async function engineOver(
  nodes: readonly NodeDocument[],
  time = { now: NOW },
): Promise<{ store: MemoryStore; engine: ColumnsEngine }> {
  const store = createMemoryStore();
  for (const node of nodes) store.put(node);
  store.flush();
  const clock = { nowMs: () => time.now * 1000 };
  const engine = await createQueryEngine({ store, logger: silentLogger(), clock, stateRule: RULE, pathsMax: 1000 });
  await engine.start();
  return { store, engine };
}

const aged = (
  identity: string,
  age: number,
  interval: number | null,
  more: Partial<NodeDocument> = {},
): NodeDocument => ({
  ...nodeDocument({ identity, lastseen: NOW - age, interval, facts: { role: 'web' } }),
  ...more,
});

/** Every set of states but the empty one. */
const SETS: readonly (readonly NodeState[])[] = Array.from({ length: 15 }, (_, i) =>
  NODE_STATES.filter((_state, place) => ((i + 1) & (1 << place)) !== 0),
);

async function listed(engine: ColumnsEngine, states: readonly NodeState[] | undefined, query = ALL): Promise<string[]> {
  const answer = await engine.answer(query, { first: 1000, states });
  expect(answer.count).toBe(answer.rows.length);
  return answer.rows.map((row) => row.identity);
}

test('a node is in the state of its own border, not one second before', async () => {
  const nodes = [
    aged('fresh-at-two-intervals', 1200, 600),
    aged('late-after-two-intervals', 1201, 600),
    aged('fresh-at-two-default-intervals', 600, null),
    aged('late-after-two-default-intervals', 601, null),
    aged('late-at-the-end', 86_400, 600),
    aged('missing-after-the-end', 86_401, 600),
    aged('fresh-at-the-end', 86_400, 43_200),
    aged('missing-though-its-interval-is-long', 86_401, 1_000_000),
    aged('fresh-from-the-future', -100, 600),
    aged('retired-whatever-its-age', 86_401, 600, { retired: (NOW - 1) as EpochSeconds }),
  ];
  const { engine } = await engineOver(nodes);
  for (const state of NODE_STATES) {
    const expected = nodes.map((node) => node.identity).filter((identity) => identity.startsWith(state));
    expect(await listed(engine, [state])).toEqual(expected.sort());
  }
  expect(await listed(engine, NODE_STATES)).toHaveLength(nodes.length);
  expect(await listed(engine, [])).toEqual([]);
  const { rows } = await engine.answer(ALL, { first: 1000, states: NODE_STATES });
  for (const row of rows) expect(row.identity.startsWith(row.state), row.identity).toBe(true);
  await engine.stop();
});

test('states narrow the rows, and the account stays what it is without them', async () => {
  const { engine } = await engineOver([
    aged('a-fresh', 0, 600),
    aged('b-late', 3600, 600),
    aged('c-missing', 90_000, 600),
    aged('d-missing', 90_000, 600, { facts: { role: 'db' } }),
    aged('e-retired', 10, 600, { retired: NOW as EpochSeconds }),
  ]);
  const web = parseJsonQuery({ 'facts.role': 'web' });
  const expected = {
    total: 4,
    matched: 2,
    notMatched: 0,
    unknown: 2,
    matchedThoughUnknown: 0,
    missing: 2,
    otherType: [],
  };
  for (const states of [undefined, ...SETS]) {
    expect((await engine.answer(web, { first: 10, states })).account).toEqual(expected);
  }
  expect(await listed(engine, undefined, web)).toEqual(['a-fresh', 'b-late']);
  expect(await listed(engine, ['fresh', 'late'], web)).toEqual(['a-fresh', 'b-late']);
  expect(await listed(engine, ['missing'], web)).toEqual(['c-missing']);
  expect(await listed(engine, ['missing', 'retired'], web)).toEqual(['c-missing', 'e-retired']);
  expect(await listed(engine, ['missing', 'retired'])).toEqual(['c-missing', 'd-missing', 'e-retired']);
  await engine.stop();
});

test('what is known counts for missing and retired nodes too', async () => {
  const { engine } = await engineOver([
    aged('a-missing', 90_000, 600),
    aged('b-missing', 90_000, 600, { facts: { role: 'web', rack: 'r1' } }),
    aged('c-retired', 0, 600, { retired: NOW as EpochSeconds }),
  ]);
  const query = parseJsonQuery({ 'facts.rack': { $ne: 'r2' } });
  const states: readonly NodeState[] = ['missing', 'retired'];
  expect(await listed(engine, states, query)).toEqual(['a-missing', 'b-missing', 'c-retired']);
  const known = await engine.answer(query, { first: 10, states, requireKnown: true });
  expect(known.rows.map((row) => row.identity)).toEqual(['b-missing']);
  expect(known.count).toBe(1);
  await engine.stop();
});

test('documents of retired nodes are read where a question about objects needs them', async () => {
  const { engine, store } = await engineOver([
    aged('live', 0, 600, { facts: { net: { a: 1, b: 2 } } }),
    aged('old', 0, 600, { facts: { net: { a: 1, b: 2 } }, retired: NOW as EpochSeconds }),
    aged('turned', 0, 600, { facts: { net: { b: 2, a: 1 } }, retired: NOW as EpochSeconds }),
  ]);
  const query = parseJsonQuery({ 'facts.net': { a: 1, b: 2 } });
  expect(await listed(engine, undefined, query)).toEqual(['live']);
  expect(store.reads).toBe(1);
  expect(await listed(engine, ['retired'], query)).toEqual(['old']);
  await engine.stop();
});

test('a node moves between states as time goes by, as it is heard of, retired, restored and forgotten', async () => {
  const time = { now: NOW };
  const { engine, store } = await engineOver([aged('a', 0, 600), aged('b', 0, 600)], time);
  const states = async (): Promise<Record<string, readonly string[]>> =>
    Object.fromEntries(await Promise.all(NODE_STATES.map(async (state) => [state, await listed(engine, [state])])));
  const none = { fresh: [], late: [], missing: [], retired: [] };
  expect(await states()).toEqual({ ...none, fresh: ['a', 'b'] });
  time.now = NOW + 1201;
  store.seen('b', time.now);
  await engine.waitFor(store.flush());
  expect(await states()).toEqual({ ...none, fresh: ['b'], late: ['a'] });
  time.now = NOW + 86_401;
  expect(await states()).toEqual({ ...none, late: ['b'], missing: ['a'] });
  store.retire('a', time.now);
  store.retire('b', time.now);
  await engine.waitFor(store.flush());
  expect(await states()).toEqual({ ...none, retired: ['a', 'b'] });
  store.put(aged('a', 0, 600));
  store.forget('b');
  await engine.waitFor(store.flush());
  expect(await states()).toEqual({ ...none, missing: ['a'] });
  await engine.stop();
});

/** Ages at and around the borders of a node's states, and any. */
function ageOf(random: Random, interval: number): number {
  const border = random.pick([2 * interval, RULE.expireAfterSeconds]);
  return random.chance(0.5) ? border + random.below(3) - 1 : random.below(100_000);
}

test('pages of every set of states join to what judging each document gives', async () => {
  const seed = testSeed();
  const random = createRandom(seed);
  const nodes = Array.from({ length: 700 }, (_, i) => {
    const interval = random.pick([60, 300, 600, 50_000, null]);
    return aged(`${i % 3 === 0 ? 'Node' : 'node'}${i}`, ageOf(random, interval ?? RULE.intervalSeconds), interval, {
      facts: { role: random.pick(['web', 'db']), ...(random.chance(0.5) ? { rack: random.below(4) } : {}) },
      ...(random.chance(0.15) ? { retired: (NOW - random.below(100)) as EpochSeconds } : {}),
    });
  });
  const { engine } = await engineOver(nodes);
  const queries = [
    {},
    { 'facts.role': 'web' },
    { 'facts.rack': { $ne: 2 } },
    { 'facts.rack': 'two' },
    { $nor: [{ 'facts.role': 'web' }, { 'facts.rack': { $gt: 1 } }] },
    { retired: { $exists: true } },
  ].map((query) => parseJsonQuery(query as never));
  for (const query of queries) {
    for (const states of SETS) {
      for (const requireKnown of [false, true]) {
        const expected = answerPlainly(nodes, query, NOW, RULE, { requireKnown, states });
        const found: string[] = [];
        let after: string | undefined;
        for (;;) {
          const page = await engine.answer(query, { first: 90, after, requireKnown, states });
          expect(page.count, `MUSTER_TEST_SEED=${seed}`).toBe(expected.identities.length);
          expect(comparable(page.account), `MUSTER_TEST_SEED=${seed}`).toEqual(comparable(expected.account));
          expect(page.hasPreviousPage).toBe(found.length > 0);
          for (const row of page.rows) expect(states).toContain(row.state);
          found.push(...page.rows.map((row) => row.identity));
          if (!page.hasNextPage) break;
          after = page.rows.at(-1)?.identity;
        }
        expect(found, `MUSTER_TEST_SEED=${seed}`).toEqual(expected.identities);
      }
    }
  }
  const inEach = NODE_STATES.map((state) =>
    nodes.filter((node) => nodeState(node, NOW as EpochSeconds, RULE) === state),
  );
  for (const those of inEach) expect(those.length).toBeGreaterThan(20);
  await engine.stop();
});
