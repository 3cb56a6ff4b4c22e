import { describe, expect, test } from 'vitest';
import { compileVolatile, type Json } from '../../../core/index.ts';
import { CHUNK_BYTES } from '../../../query/columns/arena.ts';
import { countBits, hasBit } from '../../../query/columns/bits.ts';
import { Dictionary } from '../../../query/columns/dictionary.ts';
import { DictionaryColumn } from '../../../query/columns/dictionary-column.ts';
import { NumberColumn } from '../../../query/columns/number-column.ts';
import { SetCache } from '../../../query/columns/set-cache.ts';
import { Table } from '../../../query/columns/table.ts';
import { TextColumn } from '../../../query/columns/text-column.ts';
import { createRandom, type Random, testSeed } from '../../random.ts';
import { nodeDocument } from '../language/node-documents.ts';

const TABLE = {
  pathsMax: 500,
  volatile: compileVolatile([]),
  stateRule: { intervalSeconds: 300, expireAfterSeconds: 1e9 },
};

function anyValue(random: Random): Json {
  const n = random.below(400);
  const kind = random.below(9);
  if (kind < 3) return `text ${n}`;
  if (kind === 3) return n;
  if (kind === 4) return n / 3;
  if (kind === 5) return random.pick<Json>([true, false, null, '', [], {}]);
  if (kind === 6) return [n, `x${n}`, { k: n, l: null }];
  if (kind === 7) return `grüße 日本 ${n}`;
  return `${'long '.repeat(random.below(40))}${n}`;
}

describe('a dictionary', () => {
  test('gives each value one id, counts its holders, and uses freed ids again', () => {
    const seed = testSeed();
    const random = createRandom(seed);
    const dictionary = new Dictionary();
    const held: { id: number; value: Json }[] = [];
    for (let i = 0; i < 20_000; i++) {
      if (held.length > 0 && (held.length > 300 || random.chance(0.45))) {
        const at = random.below(held.length);
        const [gone] = held.splice(at, 1) as [{ id: number; value: Json }];
        const wasLast = dictionary.drop(gone.id);
        expect(wasLast, `MUSTER_TEST_SEED=${seed}`).toBe(!held.some((one) => one.id === gone.id));
      } else {
        const value = anyValue(random);
        const id = dictionary.hold(value);
        const known = held.find((one) => JSON.stringify(one.value) === JSON.stringify(value));
        if (known !== undefined) expect(id, `MUSTER_TEST_SEED=${seed}`).toBe(known.id);
        held.push({ id, value });
      }
    }
    for (const { id, value } of held) {
      expect(dictionary.values[id]).toEqual(value);
      expect(dictionary.find(value)).toBe(id);
    }
    expect(dictionary.size).toBe(new Set(held.map(({ id }) => id)).size);
    expect(dictionary.idsEnd).toBeLessThan(310);
  });

  test('tells values of different types and orders of keys apart', () => {
    const dictionary = new Dictionary();
    const values: Json[] = [1, '1', true, null, 'null', [], {}, [1], [[1]], ['1'], [{ a: 1, b: 2 }], [{ b: 2, a: 1 }]];
    expect(new Set(values.map((value) => dictionary.hold(value))).size).toBe(values.length);
    expect(dictionary.hold(-0)).toBe(dictionary.hold(0));
  });
});

test.each([
  ['dictionary', (): DictionaryColumn | TextColumn => new DictionaryColumn(new SetCache(32, 1e6))],
  ['text', (): DictionaryColumn | TextColumn => new TextColumn()],
])('a %s column holds what a map holds, whatever is set and cleared', (_, make) => {
  const seed = testSeed();
  const random = createRandom(seed);
  const column = make();
  const plain = new Map<number, Json>();
  for (let i = 0; i < 30_000; i++) {
    const row = random.below(1000);
    if (random.chance(0.2)) {
      expect(column.clear(row)).toBe(plain.delete(row));
    } else {
      const value = anyValue(random);
      expect(column.set(row, value)).toBe(!plain.has(row));
      plain.set(row, value);
    }
    if (column.kind === 'dictionary' && i % 5000 === 0) column.rowsWith(0);
  }
  for (let row = 0; row < 1000; row++) {
    const got = column.get(row);
    expect(got === undefined ? undefined : JSON.stringify(got), `MUSTER_TEST_SEED=${seed}`).toBe(
      plain.has(row) ? JSON.stringify(plain.get(row)) : undefined,
    );
  }
  expect(column.rows).toBe(plain.size);
  expect(column.arrays).toBe([...plain.values()].filter(Array.isArray).length);
  if (column.kind === 'dictionary') expect(countBits(column.rowsWith(0))).toBe(1024 - plain.size);
});

test('kept sets follow every write: rows of a value, rows without one, rows with a name in their list', () => {
  const random = createRandom(7);
  const column = new DictionaryColumn(new SetCache(4, 1e6), true);
  for (let i = 0; i < 500; i++) {
    const row = random.below(100);
    if (random.chance(0.2)) column.clear(row);
    else column.set(row, [`a${random.below(3)}`, `b${random.below(3)}`]);
    const id = column.dictionary.find(['a1', 'b1']);
    const of = id === 0 ? undefined : column.rowsWith(id);
    const named = column.rowsWithElement('a2');
    const none = column.rowsWith(0);
    for (let at = 0; at < 100; at++) {
      const value = column.get(at) as readonly string[] | undefined;
      expect(hasBit(none, at)).toBe(value === undefined);
      expect(hasBit(named, at)).toBe(value?.includes('a2') ?? false);
      if (of !== undefined) expect(hasBit(of, at)).toBe(value?.join() === 'a1,b1');
    }
  }
});

test('bytes given up by changing texts are gathered again', () => {
  const column = new TextColumn();
  for (let round = 0; round < 200; round++) {
    for (let row = 0; row < 500; row++) column.set(row, `${'x'.repeat(20 + ((row * 7 + round * 13) % 400))}${row}`);
    while (column.compactOnce()) {}
  }
  for (let row = 0; row < 500; row++) expect(column.get(row)).toMatch(new RegExp(`^x+${row}$`));
  // 110 kB are in use; what is given up stays within a few chunks.
  expect(column.arena.used).toBeLessThan(5 * CHUNK_BYTES);
});

test('a value larger than a chunk stands beside others', () => {
  const column = new TextColumn();
  const large = 'y'.repeat(CHUNK_BYTES + 5);
  column.set(0, 'before');
  column.set(1, large);
  column.set(2, 'after');
  column.set(3, '');
  expect([column.get(0), column.get(1), column.get(2), column.get(3)]).toEqual(['before', large, 'after', '']);
});

describe('a table', () => {
  test('drops columns that nobody has any more, and keeps those of few nodes small', () => {
    const table = new Table({ ...TABLE, pathsMax: 20_000 });
    const node = (i: number, keys: number) =>
      nodeDocument({
        identity: `n${i}`,
        facts: {
          os: 'x',
          veth: Object.fromEntries(Array.from({ length: keys }, (_, k) => [`v${i}x${k}`, { mtu: 1 }])),
        },
      });
    for (let i = 0; i < 1000; i++) {
      table.upsert(node(i, 10));
      while (table.maintain()) {}
    }
    expect(table.tree.sparseNodes.size).toBe(10_000);
    expect(table.bytes).toBeLessThan(2_000_000);
    for (let i = 0; i < 1000; i++) table.upsert(node(i, 0));
    while (table.maintain()) {}
    expect(table.tree.sparseNodes.size).toBe(0);
    expect(table.sparseOf.size).toBe(0);
    expect(table.tree.root.children.get('facts')?.children.get('veth')?.children.size).toBe(0);
  });

  test('makes numbers and texts of columns whose values all differ', () => {
    const table = new Table(TABLE);
    for (let i = 0; i < 3000; i++) {
      table.upsert(
        nodeDocument({
          identity: `n${i}`,
          facts: { number: i / 7, text: `t${i}`, few: i % 5, both: i % 2 === 0 ? i : `${i}` },
          classes: [`only::${i}`],
        }),
      );
      while (table.maintain()) {}
    }
    const kind = (name: string) => table.tree.resolveCoded(['facts', name]).node?.column?.kind;
    expect([kind('number'), kind('text'), kind('few'), kind('both')]).toEqual(['number', 'text', 'dictionary', 'text']);
    expect(table.tree.resolveCoded(['classes']).node?.column?.kind).toBe('dictionary');
    // A text among the numbers, then many.
    const some = () => {
      const column = table.tree.resolveCoded(['facts', 'number']).node?.column;
      return [column?.kind, column?.rows, column?.get(6), column?.get(7), column?.get(8)];
    };
    table.upsert(nodeDocument({ identity: 'n7', facts: { number: 'seven' } }));
    while (table.maintain()) {}
    expect(some()).toEqual(['number', 3000, 6 / 7, 'seven', 8 / 7]);
    for (let i = 1500; i < 3000; i++) table.upsert(nodeDocument({ identity: `n${i}`, facts: { number: `n${i}` } }));
    while (table.maintain()) {}
    expect(some()).toEqual(['text', 3000, 6 / 7, 'seven', 8 / 7]);
  });

  test('keeps no more sets than their bytes allow', () => {
    const cache = new SetCache(100, 4_000);
    const column = new DictionaryColumn(cache);
    for (let row = 0; row < 3000; row++) column.set(row, `v${row % 100}`);
    for (let round = 0; round < 3; round++) {
      for (let value = 0; value < 100; value++) {
        expect(countBits(column.rowsWith(column.dictionary.find(`v${value}`)))).toBe(30);
        expect(cache.bytes).toBeLessThanOrEqual(4_000);
      }
    }
  });

  test('gives rows of forgotten nodes to new ones', () => {
    const table = new Table(TABLE);
    for (let i = 0; i < 5000; i++) {
      table.upsert(nodeDocument({ identity: `n${i}`, facts: { i } }));
      if (i >= 10) table.apply({ kind: 'forget', identity: `n${i - 10}` as never, revision: i });
      if (i % 50 === 0) table.book.settled();
    }
    expect(table.book.used).toBe(10);
    expect(table.book.end).toBeLessThan(100);
  });
});

test('a number column tells 0 and negative numbers from nothing', () => {
  const column = new NumberColumn();
  column.set(3, 0);
  column.set(4, -2.5);
  expect([column.has(2), column.has(3), column.get(3), column.get(4), column.get(900)]).toEqual([
    false,
    true,
    0,
    -2.5,
    undefined,
  ]);
  column.clear(3);
  expect([column.has(3), column.rows]).toEqual([false, 1]);
});
