import { Query as MingoQuery } from 'mingo';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../core/index.ts';
import { ALLOWED_OPERATORS, parseJsonQuery, queryLimits } from '../../../query/language/index.ts';
import { createRandom, testSeed } from '../../random.ts';
import { generateNodes, generateQuery } from './generate.ts';
import { refusal } from './refusal.ts';

describe('operators that are not allowed are refused by name and place', () => {
  const REFUSED = [
    '$where',
    '$function',
    '$expr',
    '$jsonSchema',
    '$text',
    '$comment',
    '$near',
    '$bitsAllSet',
    '$rand',
    '$$x',
    '$',
  ];
  for (const name of REFUSED) {
    test(name, () => {
      for (const [query, field] of [
        [{ [name]: 'sleep(1)' }, name],
        [{ 'facts.a': { [name]: 1 } }, `facts.a.${name}`],
        [{ $and: [{ 'facts.a': { $not: { $gt: 1, [name]: 1 } } }] }, `$and[0].facts.a.$not.${name}`],
        [{ 'facts.a': { $elemMatch: { b: { [name]: 1 } } } }, `facts.a.$elemMatch.b.${name}`],
      ] as const) {
        const error = refusal(() => parseJsonQuery(query));
        expect(error.code).toBe('query_operator_refused');
        expect(error.field).toBe(field);
        expect(error.message).toContain(name);
      }
    });
  }

  test('the allowed ones are those of the list', () => {
    const samples: Record<string, Json> = {
      $in: [],
      $nin: [],
      $all: [],
      $exists: true,
      $type: 'string',
      $not: { $eq: 1 },
      $elemMatch: {},
      $size: 0,
      $mod: [2, 0],
      $regex: 'a',
    };
    for (const name of ALLOWED_OPERATORS) {
      if (name === '$options') parseJsonQuery({ a: { $options: 'i', $regex: 'x' } });
      else if (['$and', '$or', '$nor'].includes(name)) parseJsonQuery({ [name]: [{}] });
      else parseJsonQuery({ a: { [name]: samples[name] ?? 1 } });
    }
  });
});

describe('operators take what MongoDB’s take', () => {
  const ROWS: readonly (readonly [query: unknown, code: string, field: string])[] = [
    [null, 'query_invalid', ''],
    [[], 'query_invalid', ''],
    ['{}', 'query_invalid', ''],
    [{ a: { $in: 1 } }, 'query_invalid', 'a.$in'],
    [{ a: { $in: [{ $regex: 'x' }] } }, 'query_invalid', 'a.$in[0]'],
    [{ a: { $in: [{ $regex: 'x', $options: 'i' }] } }, 'query_invalid', 'a.$in[0]'],
    [{ a: { $nin: { 0: 1 } } }, 'query_invalid', 'a.$nin'],
    [{ a: { $mod: [1] } }, 'query_invalid', 'a.$mod'],
    [{ a: { $mod: [1, 2, 3] } }, 'query_invalid', 'a.$mod'],
    [{ a: { $mod: ['2', 0] } }, 'query_invalid', 'a.$mod'],
    [{ a: { $mod: [0.5, 0] } }, 'query_invalid', 'a.$mod'],
    [{ a: { $size: -1 } }, 'query_invalid', 'a.$size'],
    [{ a: { $size: 1.5 } }, 'query_invalid', 'a.$size'],
    [{ a: { $size: '1' } }, 'query_invalid', 'a.$size'],
    [{ a: { $exists: 'yes' } }, 'query_invalid', 'a.$exists'],
    [{ a: { $type: 'objectId' } }, 'query_invalid', 'a.$type'],
    [{ a: { $type: [] } }, 'query_invalid', 'a.$type'],
    [{ a: { $type: 'constructor' } }, 'query_invalid', 'a.$type'],
    [{ a: { $regex: 1 } }, 'query_invalid', 'a.$regex'],
    [{ a: { $regex: 'x', $options: 1 } }, 'query_invalid', 'a.$regex'],
    [{ a: { $regex: 'x', $options: 'g' } }, 'query_regex_invalid', 'a.$regex'],
    [{ a: { $options: 'i' } }, 'query_invalid', 'a.$options'],
    [{ a: { $not: 1 } }, 'query_invalid', 'a.$not'],
    [{ a: { $not: {} } }, 'query_invalid', 'a.$not'],
    [{ a: { $not: { b: 1 } } }, 'query_invalid', 'a.$not'],
    [{ a: { $all: 'x' } }, 'query_invalid', 'a.$all'],
    [{ a: { $all: [{ $gt: 1 }] } }, 'query_invalid', 'a.$all[0]'],
    [{ a: { $all: [{ $elemMatch: { b: 1 } }, 1] } }, 'query_invalid', 'a.$all[1]'],
    [{ a: { $all: [1, { $elemMatch: { b: 1 } }] } }, 'query_invalid', 'a.$all[1]'],
    [{ a: { $elemMatch: [] } }, 'query_invalid', 'a.$elemMatch'],
    [{ a: { $elemMatch: 1 } }, 'query_invalid', 'a.$elemMatch'],
    [{ a: { $gt: 1, b: 2 } }, 'query_invalid', 'a.b'],
    [{ a: { $and: [{ $gt: 1 }] } }, 'query_invalid', 'a.$and'],
    [{ $and: [] }, 'query_invalid', '$and'],
    [{ $or: {} }, 'query_invalid', '$or'],
    [{ $nor: [1] }, 'query_invalid', '$nor[0]'],
    [{ $not: { a: 1 } }, 'query_invalid', '$not'],
    [{ $gt: 1 }, 'query_invalid', '$gt'],
    [{ a: { $eq: undefined } }, 'query_invalid', 'a.$eq'],
    [{ a: Number.NaN }, 'query_invalid', 'a'],
    [{ a: [() => 1] }, 'query_invalid', 'a[0]'],
    [{ 'a..b': 1 }, 'fact_path_invalid', 'a..b'],
    [{ '': 1 }, 'query_invalid', ''],
    [{ 'a."b': 1 }, 'fact_path_invalid', 'a."b'],
    [{ a: { $regex: '(?=x)' } }, 'query_regex_invalid', 'a.$regex'],
    [{ a: { $regex: '(a)\\1' } }, 'query_regex_invalid', 'a.$regex'],
    [{ a: { $regex: '(' } }, 'query_regex_invalid', 'a.$regex'],
  ];
  for (const [query, code, field] of ROWS)
    test(`${JSON.stringify(query)} is refused`, () => {
      const error = refusal(() => parseJsonQuery(query));
      expect([error.code, error.field]).toEqual([code, field]);
    });

  test('objects to compare with are values, whatever their keys', () => {
    const { where } = parseJsonQuery({ 'facts.a': { $eq: { $gt: 1, 'a.b': 2 } }, 'facts.b': { x: 1, $gt: 2 } });
    expect(JSON.parse(JSON.stringify(where))).toEqual({
      kind: 'and',
      of: [
        { kind: 'field', path: ['facts', 'a'], test: { op: '$eq', value: { '%24gt': 1, 'a%2Eb': 2 } } },
        { kind: 'field', path: ['facts', 'b'], test: { op: '$eq', value: { x: 1, '%24gt': 2 } } },
      ],
    });
  });

  test('$exists takes numbers and null as MongoDB does', () => {
    for (const [value, exists] of [
      [1, true],
      [0, false],
      [null, false],
    ] as const)
      expect(parseJsonQuery({ a: { $exists: value } }).where).toMatchObject({ test: { op: '$exists', exists } });
  });
});

describe('a query has bounds', () => {
  const TOO_LARGE: readonly (readonly [string, () => unknown])[] = [
    ['10,000 clauses', () => ({ $or: Array.from({ length: 10_000 }, (_, i) => ({ 'facts.a': i })) })],
    ['10,000 fields', () => Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`facts.a${i}`, i]))],
    ['one list of 100,000 values', () => ({ a: { $in: Array.from({ length: 100_000 }, (_, i) => i) } })],
    ['many long lists', () => ({ $and: Array.from({ length: 9 }, () => ({ a: { $in: new Array(9_999).fill(1) } })) })],
    ['deep conditions', () => nested(10_000, (inner) => ({ $and: [inner] }))],
    ['deep $not', () => ({ a: nested(5_000, (inner) => ({ $not: inner }), { $eq: 1 }) })],
    ['a deep operand', () => ({ a: { $eq: nested(5_000, (inner) => [inner]) } })],
    ['deep $elemMatch', () => ({ a: nested(5_000, (inner) => ({ $elemMatch: inner }), { $gt: 1 }) })],
  ];
  for (const [name, make] of TOO_LARGE)
    test(`${name} are too many`, () => {
      const error = refusal(() => parseJsonQuery(make()));
      expect(error.code).toBe('query_too_large');
      expect((error.field ?? '').length).toBeLessThan(300);
    });

  test('what is just within them is taken', () => {
    const ids = Array.from({ length: queryLimits.listMax }, (_, i) => `node${i}`);
    expect(parseJsonQuery({ identity: { $in: ids } }).mongo).toEqual({ identity: { $in: ids } });
    parseJsonQuery({ $or: Array.from({ length: 900 }, (_, i) => ({ 'facts.a': i })) });
  });

  test('a path of a thousand parts is refused', () => {
    expect(refusal(() => parseJsonQuery({ [new Array(1000).fill('a').join('.')]: 1 })).code).toBe('query_invalid');
  });
});

function nested(levels: number, wrap: (inner: unknown) => unknown, core: unknown = {}): unknown {
  let value = core;
  for (let i = 0; i < levels; i++) value = wrap(value);
  return value;
}

describe('the document for a server', () => {
  test('means what the query means', () => {
    const seed = testSeed();
    const random = createRandom(seed);
    let compared = 0;
    for (let set = 0; set < 20; set++) {
      const nodes = generateNodes(random, 10);
      const plain = nodes.map((node) => JSON.parse(JSON.stringify(node)) as Record<string, Json>);
      for (let i = 0; i < 50; i++) {
        const { written, stored } = generateQuery(random, nodes);
        const { mongo } = parseJsonQuery(written);
        if (mongo === undefined) continue;
        const given = new MingoQuery(JSON.parse(JSON.stringify(mongo)));
        const direct = new MingoQuery(stored as never);
        compared += 1;
        for (const node of plain)
          expect(given.test(node), `MUSTER_TEST_SEED=${seed} ${JSON.stringify(written)}`).toBe(direct.test(node));
      }
    }
    expect(compared).toBeGreaterThan(900);
  });

  test('has coded paths and keys', () => {
    expect(parseJsonQuery({ 'facts."eth0.100".$ip': 1 }).mongo).toEqual({ 'facts.eth0%2E100.%24ip': { $eq: 1 } });
  });
});
