import { describe, expect, test } from 'vitest';
import { type NodeDocument, silentLogger } from '../../../core/index.ts';
import {
  type ColumnsEngine,
  createQueryEngine,
  parseJsonQuery,
  type QueryEngineOptions,
} from '../../../query/index.ts';
import { createRandom, testSeed } from '../../random.ts';
import { nodeDocument } from '../language/node-documents.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

const NOW = 1_789_000_000;

async function engineOver(store: MemoryStore, more: Partial<QueryEngineOptions> = {}): Promise<ColumnsEngine> {
  const engine = await createQueryEngine({
    store,
    logger: silentLogger(),
    clock: { nowMs: () => NOW * 1000 },
    stateRule: { intervalSeconds: 300, expireAfterSeconds: 86_400 },
    pathsMax: 1000,
    ...more,
  });
  await engine.start();
  return engine;
}

function storeOf(nodes: readonly NodeDocument[]): MemoryStore {
  const store = createMemoryStore();
  for (const node of nodes) store.put(node);
  store.flush();
  return store;
}

const named = (identity: string, facts: unknown = { role: 'web' }) => nodeDocument({ identity, facts, lastseen: NOW });
const ALL = parseJsonQuery({});

describe('pages', () => {
  test('come in the order of identity in lower case, whoever came and went, and join to the whole', async () => {
    const seed = testSeed();
    const random = createRandom(seed);
    const store = storeOf([]);
    const engine = await engineOver(store);
    const query = parseJsonQuery({ 'facts.role': 'web' });
    for (let round = 0; round < 12; round++) {
      for (let k = 0; k < 40; k++) {
        const i = random.below(300);
        const identity = `${i % 3 === 0 ? 'Web' : 'web'}${i}`;
        if (store.has(identity) && random.chance(0.4)) store.forget(identity);
        else store.put(named(identity, { role: random.chance(0.7) ? 'web' : 'db' }));
      }
      await engine.waitFor(store.flush());
      const expected = store
        .all()
        .filter((node) => node.facts.role === 'web')
        .map((node) => node.identity);
      for (const first of [1, 7, 50, 1000]) {
        const found: string[] = [];
        let after: string | undefined;
        for (;;) {
          const page = await engine.answer(query, { first, after });
          expect(page.hasPreviousPage, `MUSTER_TEST_SEED=${seed}`).toBe(after !== undefined && found.length > 0);
          expect(page.account.matched).toBe(expected.length);
          found.push(...page.rows.map((row) => row.identity));
          expect(page.hasNextPage).toBe(found.length < expected.length);
          if (!page.hasNextPage) break;
          after = page.rows.at(-1)?.identity;
        }
        expect(found, `MUSTER_TEST_SEED=${seed}`).toEqual(expected);
      }
    }
    await engine.stop();
  });

  test('begin after an identity that is not there, and none has no rows', async () => {
    const engine = await engineOver(storeOf([named('a'), named('C'), named('e')]));
    const behind = async (identity: string, first = 5) =>
      (await engine.answer(ALL, { first, after: identity })).rows.map((row) => row.identity);
    expect(await behind('b')).toEqual(['C', 'e']);
    expect(await behind('C')).toEqual(['e']);
    expect(await behind('z')).toEqual([]);
    expect(await engine.answer(ALL, { first: 0 })).toMatchObject({
      rows: [],
      hasNextPage: true,
      hasPreviousPage: false,
    });
    await engine.stop();
  });
});

describe('rows', () => {
  test('say state and age, retired nodes too, and put objects together with keys as sent', async () => {
    const store = storeOf([
      named('web1', { net: { 'eth0.1': { ip: '10.0.0.1' }, $x: 1 }, disks: [{ 'a.b': 2 }], none: {} }),
      nodeDocument({ identity: 'late', lastseen: NOW - 700 }),
      nodeDocument({ identity: 'missing', lastseen: NOW - 90_000 }),
      named('old'),
    ]);
    store.retire('old', NOW - 10);
    store.flush();
    const engine = await engineOver(store);
    const state = (identity: string) => engine.row(identity as never)?.state;
    expect(['web1', 'late', 'missing', 'old', 'WEB1', 'nobody'].map(state)).toEqual([
      'fresh',
      'late',
      'missing',
      'retired',
      'fresh',
      undefined,
    ]);
    const row = engine.row('web1' as never);
    expect(row?.age).toBe(0);
    expect(row?.value(['facts', 'net'])).toEqual({ 'eth0.1': { ip: '10.0.0.1' }, $x: 1 });
    expect(row?.value(['facts', 'net', 'eth0.1', 'ip'])).toBe('10.0.0.1');
    expect(row?.value(['facts', 'disks'])).toEqual([{ 'a.b': 2 }]);
    expect(row?.value(['facts', 'none'])).toEqual({});
    expect(row?.value(['facts', 'disks', 'a.b'])).toBeUndefined();
    expect((await engine.answer(ALL, { first: 10 })).account).toEqual({
      total: 3,
      matched: 2,
      notMatched: 0,
      unknown: 1,
      matchedThoughUnknown: 0,
      missing: 1,
      otherType: [],
    });
    await engine.stop();
  });

  test('of a node forgotten meanwhile have no values, not those of the node that came in its place', async () => {
    const store = storeOf([named('a', { secret: 1 }), named('b', { secret: 2 })]);
    const engine = await engineOver(store);
    const [row] = (await engine.answer(ALL, { first: 1 })).rows;
    expect(row?.value(['facts', 'secret'])).toBe(1);
    store.forget('a');
    await engine.waitFor(store.flush());
    for (let i = 0; i < 100; i++) store.put(named(`c${i}`, { secret: 3 }));
    await engine.waitFor(store.flush());
    await engine.answer(ALL, { first: 1000 });
    store.put(named('d', { secret: 4 }));
    await engine.waitFor(store.flush());
    expect(row?.identity).toBe('a');
    expect(row?.value(['facts', 'secret'])).toBeUndefined();
    await engine.stop();
  });
});

test('missing follows the clock both ways, and a node heard of is not missing any more', async () => {
  const store = storeOf([named('a'), nodeDocument({ identity: 'b', lastseen: NOW - 1_000 })]);
  let now = NOW;
  const engine = await engineOver(store, { clock: { nowMs: () => now * 1000 } });
  const missing = async () => (await engine.answer(ALL, { first: 0 })).account.missing;
  expect(await missing()).toBe(0);
  now = NOW + 86_000;
  expect(await missing()).toBe(1);
  now = NOW + 86_401;
  expect(await missing()).toBe(2);
  store.seen('b', now);
  await engine.waitFor(store.flush());
  expect(await missing()).toBe(1);
  now = NOW;
  expect(await missing()).toBe(0);
  await engine.stop();
});

test('facets count values of facts, lists, objects and inside arrays, most frequent first', async () => {
  const store = storeOf([
    named('a', { os: 'Debian', n: 1, tags: ['x', 'y', 'x'], disks: [{ size: 1 }, { size: 2 }], at: { k: 1 } }),
    named('b', { os: 'Debian', n: '1', tags: ['x'], disks: [{ size: 1 }], at: { k: 1 } }),
    named('c', { os: 'Alma', tags: [], disks: [{}] }),
    named('d', { os: 'Alpine' }),
  ]);
  const engine = await engineOver(store);
  const paths = [['os'], ['n'], ['tags'], ['disks', 'size'], ['at'], ['nothing']].map((path) => ['facts', ...path]);
  const { facets, account } = await engine.facets(ALL, paths, 2);
  expect(account.matched).toBe(4);
  expect(facets.map(({ values, distinct, absent }) => ({ values, distinct, absent }))).toEqual([
    {
      values: [
        { value: 'Debian', count: 2 },
        { value: 'Alma', count: 1 },
      ],
      distinct: 3,
      absent: 0,
    },
    {
      values: [
        { value: 1, count: 1 },
        { value: '1', count: 1 },
      ],
      distinct: 2,
      absent: 2,
    },
    {
      values: [
        { value: 'x', count: 2 },
        { value: 'y', count: 1 },
      ],
      distinct: 2,
      absent: 1,
    },
    {
      values: [
        { value: 1, count: 2 },
        { value: 2, count: 1 },
      ],
      distinct: 2,
      absent: 2,
    },
    { values: [{ value: { k: 1 }, count: 2 }], distinct: 1, absent: 2 },
    { values: [], distinct: 0, absent: 4 },
  ]);
  await engine.stop();
});

describe('following', () => {
  test('an engine refuses before its start and after its stop, and waitFor is refused at stop', async () => {
    const store = storeOf([named('a')]);
    const options = {
      store,
      logger: silentLogger(),
      clock: { nowMs: () => NOW * 1000 },
      stateRule: { intervalSeconds: 300, expireAfterSeconds: 86_400 },
      pathsMax: 100,
    };
    const engine = await createQueryEngine(options);
    expect(engine.ready).toBe(false);
    await expect(engine.answer(ALL, { first: 1 })).rejects.toMatchObject({ code: 'not_ready' });
    await engine.start();
    expect(engine.ready).toBe(true);
    store.put(named('b'));
    const never = engine.waitFor(await store.position());
    const refused = expect(never).rejects.toMatchObject({ code: 'shutting_down' });
    await engine.stop();
    await refused;
    await expect(engine.answer(ALL, { first: 1 })).rejects.toMatchObject({ code: 'not_ready' });
  });

  test('a lost feed has the columns built anew beside the old ones', async () => {
    const store = storeOf([named('a'), named('b')]);
    const engine = await engineOver(store);
    store.loseFeed();
    store.put(named('c'));
    await expect.poll(() => engine.figures().rebuilds).toBe(1);
    await expect.poll(async () => (await engine.answer(ALL, { first: 0 })).account.total).toBe(3);
    store.put(named('d'));
    await engine.waitFor(store.flush());
    expect((await engine.answer(ALL, { first: 0 })).account.total).toBe(4);
    await engine.stop();
  });

  test('volatile facts that are gone or change their shape have the document read again', async () => {
    const store = createMemoryStore();
    store.put(named('a', { memory: { total: 8 } }), { memory: { used: 1 }, uptime: '1 day' });
    store.flush();
    const engine = await engineOver(store);
    const facts = () => engine.row('a' as never)?.value(['facts']);
    store.moveVolatile('a', { memory: { used: 2 }, uptime: '2 days' });
    await engine.waitFor(store.flush());
    expect(facts()).toEqual({ memory: { total: 8, used: 2 }, uptime: '2 days' });
    expect(store.reads).toBe(0);
    store.moveVolatile('a', { memory: { used: 3 } });
    await engine.waitFor(store.flush());
    expect(facts()).toEqual({ memory: { total: 8, used: 3 } });
    store.moveVolatile('a', { uptime: { days: 3 } });
    await engine.waitFor(store.flush());
    expect(facts()).toEqual({ memory: { total: 8 }, uptime: { days: 3 } });
    expect(engine.figures().rereads).toBe(2);
    await engine.stop();
  });
});

describe('long evaluations', () => {
  const COUNT = 6_000;
  const text = (i: number, side: string) => `${side}${'abcdefgh'.repeat(40)}${i}`;
  // No literal pattern, and texts long enough that several slices are needed.
  const side = (letter: string) => ({ 'facts.text': { $regex: `^[${letter}](abc?|[d-h])+[0-9]+$` } });

  test('let others have their turn', async () => {
    const engine = await engineOver(
      storeOf(Array.from({ length: COUNT }, (_, i) => named(`n${i}`, { text: text(i, 'x') }))),
    );
    let turns = 0;
    let going = true;
    const count = (): void => {
      turns += 1;
      if (going) setImmediate(count);
    };
    setImmediate(count);
    const { account } = await engine.answer(parseJsonQuery(side('x')), { first: 1 });
    going = false;
    expect(account.matched).toBe(COUNT);
    expect(turns).toBeGreaterThan(3);
    await engine.stop();
  });

  test('are true of one moment while nodes come, change and go', async () => {
    const store = storeOf(
      Array.from({ length: COUNT }, (_, i) => named(`n${i}`, { text: text(i, i % 2 === 0 ? 'x' : 'y'), side: i % 2 })),
    );
    const engine = await engineOver(store);
    const either = parseJsonQuery({ $or: [side('x'), side('y')] });
    // A node is on one side, and says so in both facts at once.
    const torn = parseJsonQuery({
      $or: [
        { $and: [side('x'), { 'facts.side': 1 }] },
        { $and: [{ 'facts.side': 0 }, side('y')] },
        { $and: [side('x'), side('y')] },
      ],
    });
    let going = true;
    let i = 0;
    const write = (): void => {
      for (let k = 0; k < 6; k++) {
        i = (i + 7) % COUNT;
        if (store.has(`n${i}`) && i % 10 === 3) store.forget(`n${i}`);
        else {
          const now = Math.floor(Math.random() * 2);
          store.put(named(`n${i}`, { text: text(i + 1, now === 0 ? 'x' : 'y'), side: now }));
        }
      }
      store.flush();
      if (going) setImmediate(write);
    };
    write();
    for (let round = 0; round < 4; round++) {
      const [all, none] = await Promise.all([engine.answer(either, { first: 0 }), engine.answer(torn, { first: 0 })]);
      expect(all.account.matched).toBe(all.account.total);
      expect(none.account.matched).toBe(0);
      expect(none.account.unknown).toBe(0);
    }
    going = false;
    await engine.stop();
  });

  test('go on where the table makes room meanwhile', async () => {
    const store = storeOf(Array.from({ length: 900 }, (_, i) => named(`n${i}`, { text: text(i, 'x').repeat(4) })));
    const engine = await engineOver(store);
    const answers = Promise.all(
      Array.from({ length: 4 }, () =>
        engine.answer(parseJsonQuery({ 'facts.text': { $regex: '^(x(abc?|[d-h])+[0-9]+)+$' } }), { first: 0 }),
      ),
    );
    for (let i = 900; i < 4_000; i++) store.put(named(`n${i}`, { text: 'z' }));
    await engine.waitFor(store.flush());
    for (const { account } of await answers) {
      expect(account.matched).toBe(900);
      expect([900, 4_000]).toContain(account.total);
    }
    await engine.stop();
  });
});

test('paths beyond the bound are answered from beside the columns, and counted', async () => {
  const nodes = Array.from({ length: 50 }, (_, i) => named(`n${i}`, { common: 'x', [`own${i}`]: { v: i } }));
  const engine = await engineOver(storeOf(nodes), { pathsMax: 30 });
  const find = async (query: unknown) =>
    (await engine.answer(parseJsonQuery(query as never), { first: 100 })).rows.map((row) => row.identity);
  expect(engine.figures().columns).toBe(30);
  expect(engine.figures().overflowNodes).toBeGreaterThan(20);
  expect(await find({ 'facts.own49.v': 49 })).toEqual(['n49']);
  expect(await find({ 'facts.own49': { $exists: true } })).toEqual(['n49']);
  expect(engine.row('n49' as never)?.value(['facts'])).toEqual({ common: 'x', own49: { v: 49 } });
  expect(engine.figures().fallbacks.overflow).toBe(2);
  expect(await find({ 'facts.nowhere': 1 })).toEqual([]);
  expect(engine.figures().fallbacks.overflow).toBe(2);
  await engine.stop();
});
