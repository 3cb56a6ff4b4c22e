import { describe, expect, test } from 'vitest';
import type { Json } from '../../../core/index.ts';
import {
  compileQuery,
  judge,
  parseFilter,
  parseJsonQuery,
  parseRelaxedQuery,
  truthWhenAbsent,
  typedConditions,
} from '../../../query/language/index.ts';
import { createRandom, testSeed } from '../../random.ts';
import { generateNodes, generateQuery } from './generate.ts';
import { nodeDocument } from './node-documents.ts';

const node = nodeDocument({ facts: { a: 1, n: null, list: [{ b: 1 }, {}] }, classes: ['common'] });

const ROWS: readonly (readonly [sentence: string, query: Json, matched: boolean, truth: string])[] = [
  ['a fact that is there is known', { 'facts.a': 1 }, true, 'true'],
  ['one that is absent is unknown', { 'facts.x': 1 }, false, 'unknown'],
  ['a null is there', { 'facts.n': 1 }, false, 'false'],
  ['$ne returns it, yet it is unknown', { 'facts.x': { $ne: 1 } }, true, 'unknown'],
  ['so does null', { 'facts.x': null }, true, 'unknown'],
  ['and $not', { 'facts.x': { $not: { $gt: 1 } } }, true, 'unknown'],
  ['$exists always knows', { 'facts.x': { $exists: false } }, true, 'true'],
  ['in $not too', { 'facts.x': { $not: { $exists: true } } }, true, 'true'],
  ['$type asks about a fact', { 'facts.x': { $type: 'string' } }, false, 'unknown'],
  ['unknown and false is false', { 'facts.x': 1, 'facts.a': 2 }, false, 'false'],
  ['unknown and true is unknown', { 'facts.x': 1, 'facts.a': 1 }, false, 'unknown'],
  ['unknown or true is true', { $or: [{ 'facts.x': 1 }, { 'facts.a': 1 }] }, true, 'true'],
  ['unknown or false is unknown', { $or: [{ 'facts.x': 1 }, { 'facts.a': 2 }] }, false, 'unknown'],
  ['not unknown is unknown', { $nor: [{ 'facts.x': 1 }] }, true, 'unknown'],
  ['an operator beside $exists', { 'facts.x': { $exists: true, $gt: 1 } }, false, 'false'],
  ['fields that each node has are known', { retired: { $gt: 1 } }, false, 'false'],
  ['classes too', { classes: { $ne: 'x' } }, true, 'true'],
  ['an empty $all is never true', { 'facts.x': { $all: [] } }, false, 'false'],
  ['what one element lacks is not unknown', { 'facts.list.b': 2 }, false, 'false'],
  ['nor inside $elemMatch', { 'facts.list': { $elemMatch: { c: 1 } } }, false, 'false'],
  ['below an array of scalars nothing is there', { 'facts.list.c': 1 }, false, 'unknown'],
];

describe('the three-valued truth', () => {
  for (const [sentence, query, matched, truth] of ROWS)
    test(sentence, () => {
      expect(judge(parseJsonQuery(query), node)).toEqual({ matched, truth });
    });

  test('where it is definite it is MongoDB’s answer, and it is unknown only where a fact is absent', () => {
    const seed = testSeed();
    const random = createRandom(seed);
    for (let set = 0; set < 60; set++) {
      const nodes = generateNodes(random, 10);
      for (let i = 0; i < 40; i++) {
        const query = parseJsonQuery(generateQuery(random, nodes).written);
        const matches = compileQuery(query);
        for (const one of nodes) {
          const { matched, truth } = judge(query, one);
          expect(matched).toBe(matches(one));
          if (truth !== 'unknown') expect(truth, `MUSTER_TEST_SEED=${seed}`).toBe(String(matched));
        }
      }
    }
  });

  test('a fact filter on a fact that the node lacks is unknown, never a match', () => {
    expect(judge(parseFilter({ facts: ['x!=1'] }), node)).toEqual({ matched: false, truth: 'unknown' });
    expect(judge(parseFilter({ facts: ['a.b=1'] }), node)).toEqual({ matched: false, truth: 'unknown' });
    expect(judge(parseFilter({ facts: ['a=2'] }), node)).toEqual({ matched: false, truth: 'false' });
    const nested = nodeDocument({ facts: { os: { name: 'CentOS' } } });
    expect(judge(parseFilter({ facts: ['os.name=Debian'] }), nested)).toEqual({ matched: false, truth: 'false' });
  });

  test('the truth where nothing stands is known before any node', () => {
    expect(truthWhenAbsent({ op: '$exists', exists: false }, ['facts', 'x'])).toBe('true');
    expect(truthWhenAbsent({ op: '$ne', value: 1 }, ['facts', 'x'])).toBe('unknown');
    expect(truthWhenAbsent({ op: '$ne', value: 1 }, ['retired'])).toBe('true');
  });
});

describe('values of another type', () => {
  const types = (query: Json, value: Json | undefined) =>
    typedConditions(parseJsonQuery(query).where).map(({ operator, asked, met }) => [operator, asked, met(value, [])]);

  test('are said with the type asked for', () => {
    expect(types({ 'facts.a': 8 }, '8')).toEqual([['$eq', 'number', ['string']]]);
    expect(types({ 'facts.a': { $not: { $gt: 'x', $mod: [2, 0] } } }, 5)).toEqual([
      ['$gt', 'string', ['number']],
      ['$mod', 'number', []],
    ]);
    expect(types({ 'facts.a': { $regex: 'x' } }, { b: 1 })).toEqual([['$regex', 'string', ['object']]]);
  });

  test('are not where any value met is of that type, nor where there is none', () => {
    expect(types({ 'facts.a': 8 }, ['x', 8])).toEqual([['$eq', 'number', []]]);
    expect(types({ 'facts.a': 8 }, ['x', true])).toEqual([['$eq', 'number', ['string', 'bool']]]);
    expect(types({ 'facts.a': 8 }, undefined)).toEqual([['$eq', 'number', []]]);
    expect(types({ 'facts.a': 8 }, null)).toEqual([['$eq', 'number', []]]);
    expect(types({ classes: 'mysql' }, [])).toEqual([['$eq', 'string', []]]);
    expect(types({ 'facts.a': { $exists: true } }, 1)).toEqual([]);
    expect(types({ 'facts.a': null }, 1)).toEqual([]);
  });

  test('a bare word asks for both', () => {
    const [condition] = typedConditions(parseRelaxedQuery("{'facts.a': 8}").where);
    expect(condition?.asked).toBe('string or number');
    expect(condition?.met('8', [])).toEqual([]);
    expect(condition?.met(true, [])).toEqual(['bool']);
  });
});
