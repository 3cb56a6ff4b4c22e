import { describe, expect, test } from 'vitest';
import { codeKey, type Json } from '../../../core/index.ts';
import {
  type Condition,
  compileQuery,
  compileTest,
  matchesObject,
  needsObjectContent,
  parseJsonQuery,
  selectorOf,
  type Test,
  testAtPath,
} from '../../../query/language/index.ts';
import { createRandom, testSeed } from '../../random.ts';
import { generateNodes, generateQuery } from './generate.ts';
import { nodeDocument } from './node-documents.ts';

const finds = (query: unknown, facts: unknown) => compileQuery(parseJsonQuery(query))(nodeDocument({ facts }));

/** Rows after MongoDB's own tests of paths and operators, and its manual. */
const ROWS: readonly (readonly [sentence: string, query: Json, facts: unknown, found: boolean])[] = [
  ['an array is met by its elements', { 'facts.a': 5 }, { a: [5, 6] }, true],
  ['an array is met as itself', { 'facts.a': [5, 6] }, { a: [5, 6] }, true],
  ['an array equals in its order only', { 'facts.a': [6, 5] }, { a: [5, 6] }, false],
  [
    'documents of an array are asked for the rest of the path',
    { 'facts.a.b': 7 },
    { a: [{ b: 5 }, 3, {}, { b: 7 }] },
    true,
  ],
  ['an array inside them is entered', { 'facts.a.b': 11 }, { a: [{ b: [9, 11] }] }, true],
  ['a scalar on the way means missing', { 'facts.a.b': null }, { a: 4 }, true],
  ['nothing is met inside an array of scalars, not even missing', { 'facts.a.b': null }, { a: [4] }, false],
  ['nor inside an empty one', { 'facts.a.b': null }, { a: [] }, false],
  ['so that $ne null finds it', { 'facts.a.b': { $ne: null } }, { a: [] }, true],
  ['and $exists: false does', { 'facts.a.b': { $exists: false } }, { a: [4] }, true],
  ['one document that lacks the field is missing', { 'facts.a.b': null }, { a: [{ b: 1 }, {}] }, true],
  ['an empty array exists', { 'facts.a': { $exists: true } }, { a: [] }, true],
  ['a number is an index', { 'facts.a.1': 7 }, { a: [5, 7, 3] }, true],
  ['an array at an index is met whole', { 'facts.a.1': [2, 4] }, { a: [5, [2, 4], 3] }, true],
  ['and not entered', { 'facts.a.1': 2 }, { a: [5, [2, 4], 3] }, false],
  ['a number is a name in the documents of an array too', { 'facts.a.1': 4 }, { a: [5, { 1: 4 }, 3] }, true],
  ['and the document at that index is met as well', { 'facts.a.1': { 1: 4 } }, { a: [5, { 1: 4 }, 3] }, true],
  ['a path goes on below an index', { 'facts.a.1.b': 4 }, { a: [5, { b: 4 }, 3] }, true],
  [
    'where a name is missing at that place by the name of the number',
    { 'facts.a.1.b': null },
    { a: [5, { b: 4 }] },
    true,
  ],
  ['a path goes through an array at an index', { 'facts.a.1.b': 4 }, { a: [5, [{ b: 4 }], 3] }, true],
  ['00 is no index', { 'facts.a.00': 5 }, { a: [5] }, false],
  ['length is no field of an array', { 'facts.a.length': { $exists: true } }, { a: [5] }, false],
  ['null finds null', { 'facts.a': null }, { a: null }, true],
  ['null finds missing', { 'facts.a': null }, {}, true],
  ['null finds an array with null', { 'facts.a': null }, { a: [1, null] }, true],
  ['$gte null finds missing', { 'facts.a': { $gte: null } }, {}, true],
  ['$gt null finds nothing', { 'facts.a': { $gt: null } }, { a: 1 }, false],
  ['order holds inside a type only', { 'facts.a': { $gt: 5 } }, { a: '8' }, false],
  ['false is less than true', { 'facts.a': { $lt: true } }, { a: false }, true],
  ['-0 is 0', { 'facts.a': 0 }, { a: -0 }, true],
  ['texts go by code point', { 'facts.a': { $gt: '\uffee' } }, { a: '\u{10437}' }, true],
  ['objects are equal with their keys in order', { 'facts.a': { x: 1, y: 2 } }, { a: { y: 2, x: 1 } }, false],
  ['objects are ordered field by field, types first', { 'facts.a': { $lt: { x: 'a' } } }, { a: { y: 1 } }, true],
  ['then names', { 'facts.a': { $gt: { x: 1 } } }, { a: { y: 0 } }, true],
  ['a shorter object comes first', { 'facts.a': { $lt: { x: 1, y: 1 } } }, { a: { x: 1 } }, true],
  ['arrays are ordered by their elements', { 'facts.a': { $gt: [1, 2] } }, { a: [1, 3] }, true],
  ['$ne needs every element to differ', { 'facts.a': { $ne: 5 } }, { a: [5, 6] }, false],
  ['$ne finds what is missing', { 'facts.a': { $ne: 5 } }, {}, true],
  ['$in finds an array as a whole', { 'facts.a': { $in: [[1, 2]] } }, { a: [1, 2] }, true],
  ['$in with null finds missing', { 'facts.a': { $in: [1, null] } }, {}, true],
  ['an empty $in finds nothing', { 'facts.a': { $in: [] } }, { a: 1 }, false],
  ['an empty $nin finds all', { 'facts.a': { $nin: [] } }, {}, true],
  ['$type looks into arrays', { 'facts.a': { $type: 'string' } }, { a: [1, 'x'] }, true],
  ['and at them', { 'facts.a': { $type: 'array' } }, { a: [1] }, true],
  ['missing has no type', { 'facts.a': { $type: 'null' } }, {}, false],
  ['int, long, double and decimal are number', { 'facts.a': { $type: ['int', 2] } }, { a: 2.5 }, true],
  ['$all on a single value', { 'facts.a': { $all: ['x'] } }, { a: 'x' }, true],
  ['an empty $all finds nothing', { 'facts.a': { $all: [] } }, { a: [] }, false],
  ['$all with an array wants it whole or inside', { 'facts.a': { $all: [[1, 2]] } }, { a: [[1, 2]] }, true],
  [
    '$all with $elemMatch',
    { 'facts.a': { $all: [{ $elemMatch: { b: 1 } }, { $elemMatch: { b: 2 } }] } },
    { a: [{ b: 1 }, { b: 2 }] },
    true,
  ],
  [
    '$elemMatch wants one element for all',
    { 'facts.a': { $elemMatch: { b: 1, c: 2 } } },
    { a: [{ b: 1 }, { c: 2 }] },
    false,
  ],
  ['$elemMatch with operators', { 'facts.a': { $elemMatch: { $gt: 1, $lt: 5 } } }, { a: [0, 3] }, true],
  ['without it each may be met by another element', { 'facts.a': { $gt: 4, $lt: 1 } }, { a: [0, 5] }, true],
  ['$elemMatch wants an array', { 'facts.a': { $elemMatch: { $gt: 1 } } }, { a: 3 }, false],
  ['an empty $elemMatch wants an element that is a document', { 'facts.a': { $elemMatch: {} } }, { a: [1] }, false],
  ['or an array, which counts as one', { 'facts.a': { $elemMatch: { 0: 5 } } }, { a: [[5]] }, true],
  ['$elemMatch does not enter arrays in the array', { 'facts.a': { $elemMatch: { $eq: 1 } } }, { a: [[1]] }, false],
  [
    '$elemMatch with $or asks documents',
    { 'facts.a': { $elemMatch: { $or: [{ b: 1 }, { b: 2 }] } } },
    { a: [{ b: 2 }] },
    true,
  ],
  ['$elemMatch inside $elemMatch', { 'facts.a': { $elemMatch: { $elemMatch: { $gt: 3 } } } }, { a: [[1], [4]] }, true],
  ['$size counts what stands there, not inside', { 'facts.a': { $size: 2 } }, { a: [[1, 2, 3], 4] }, true],
  ['$size asks each document’s array', { 'facts.a.b': { $size: 1 } }, { a: [{ b: [1] }, { b: [1, 2] }] }, true],
  ['$mod cuts to whole numbers', { 'facts.a': { $mod: [4, 0] } }, { a: 8.9 }, true],
  ['$mod keeps the sign', { 'facts.a': { $mod: [4, -1] } }, { a: -5 }, true],
  ['$mod cuts its own numbers', { 'facts.a': { $mod: [4.9, 1.5] } }, { a: 5 }, true],
  ['$mod beyond 64 bits finds nothing', { 'facts.a': { $mod: [2, 0] } }, { a: 1e300 }, false],
  ['$not over an order finds what has no number', { 'facts.a': { $not: { $gt: 5 } } }, { a: 'x' }, true],
  ['$not over two operators is not both', { 'facts.a': { $not: { $gt: 1, $lt: 5 } } }, { a: 7 }, true],
  ['$regex tests texts only', { 'facts.a': { $regex: '8' } }, { a: 8 }, false],
  ['$nor', { $nor: [{ 'facts.a': 1 }, { 'facts.b': 2 }] }, { a: 2, b: 2 }, false],
  ['a key with a dot is quoted', { 'facts.net."eth0.100".ip': 'x' }, { net: { 'eth0.100': { ip: 'x' } } }, true],
  ['a key that starts with $', { 'facts.$odd': { $eq: { $gt: 1 } } }, { $odd: { $gt: 1 } }, true],
  ['__proto__ is a key like others', { 'facts.__proto__.b': 1 }, JSON.parse('{"__proto__":{"b":1}}'), true],
  ['and nothing is inherited', { 'facts.constructor': { $exists: true } }, {}, false],
];

describe('queries on documents', () => {
  for (const [sentence, query, facts, found] of ROWS)
    test(sentence, () => {
      expect(finds(query, facts)).toBe(found);
    });

  test('an empty query finds every node', () => {
    expect(finds({}, {})).toBe(true);
  });

  test('top-level fields are asked by their names', () => {
    const node = nodeDocument({ classes: ['mysql::master'], lastseen: 5, interval: 300 });
    const matches = (query: Json) => selectorOf(parseJsonQuery(query)).matches(node);
    expect(matches({ classes: 'mysql::master', lastseen: { $lt: 6 }, interval: 300, 'source.proof': 'key' })).toBe(
      true,
    );
    expect(matches({ identity: 'WEB1.acme.net' })).toBe(false);
  });
});

/** The leaf columns of a document, as the columns keep them: scalars, arrays, empty objects and nothing below those. */
function evaluateOnColumns(condition: Condition, document: Json): boolean {
  if (condition.kind !== 'field') {
    const parts = condition.of.map((part) => evaluateOnColumns(part, document));
    return condition.kind === 'and'
      ? parts.every(Boolean)
      : condition.kind === 'or'
        ? parts.some(Boolean)
        : !parts.some(Boolean);
  }
  const coded = condition.path.map(codeKey);
  let here: Json | undefined = document;
  let depth = 0;
  while (depth < coded.length && typeof here === 'object' && here !== null && !Array.isArray(here)) {
    const key = coded[depth] as string;
    here = Object.hasOwn(here, key) ? (here as Record<string, Json>)[key] : undefined;
    depth += 1;
  }
  const isObject = typeof here === 'object' && here !== null && !Array.isArray(here);
  if (isObject && !needsObjectContent(condition.test)) return matchesObject(condition.test);
  return testAtPath(condition.test, coded.slice(depth))(here);
}

test('what stands at the columns gives the answer that the document gives', () => {
  const seed = testSeed();
  const random = createRandom(seed);
  for (let set = 0; set < 60; set++) {
    const nodes = generateNodes(random, 10);
    for (let i = 0; i < 40; i++) {
      const query = parseJsonQuery(generateQuery(random, nodes).written);
      const matches = compileQuery(query);
      for (const node of nodes)
        expect(evaluateOnColumns(query.where, node as unknown as Json), `MUSTER_TEST_SEED=${seed}`).toBe(matches(node));
    }
  }
});

test('the content of an object is asked for where it matters only', () => {
  const needs = (test: Test) => needsObjectContent(test);
  expect(needs({ op: '$eq', value: 'x' })).toBe(false);
  expect(needs({ op: '$eq', value: {} })).toBe(true);
  expect(needs({ op: '$not', test: { op: '$in', values: [1, { a: 1 }] } })).toBe(true);
  expect(needs({ op: '$type', types: ['object'] })).toBe(false);
  expect(needs({ op: '$mc', operator: '==', value: 'ip' })).toBe(true);
  expect(matchesObject({ op: '$type', types: ['object'] })).toBe(true);
  expect(matchesObject({ op: '$ne', value: 'x' })).toBe(true);
  expect(compileTest({ op: '$exists', exists: true }).at(undefined, ['a'])).toBe(false);
});
