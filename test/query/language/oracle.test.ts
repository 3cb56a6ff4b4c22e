import { Query as MingoQuery } from 'mingo';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../core/index.ts';
import { compileQuery, createMatcher, matcher, operators, parseJsonQuery } from '../../../query/language/index.ts';
import { createRandom, testSeed } from '../../random.ts';
import { differences } from './differences.ts';
import { FIELD_OPERATORS, generateNodes, generateQuery } from './generate.ts';
import { mutations } from './mutations.ts';
import { nodeDocument } from './node-documents.ts';
import { compareWithMingo, nodeSet } from './oracle.ts';

const PAIRS = 20_000;
const NODES_PER_SET = 15;
const QUERIES_PER_SET = 50;

test('20,000 pairs of documents and query find the same nodes as mingo, but for the listed differences', () => {
  const seed = testSeed();
  const random = createRandom(seed);
  const counts = new Map<string, number>();
  const shown = new Map<string, number>();
  const faults: string[] = [];
  let pairs = 0;
  let nonEmpty = 0;
  let excused = 0;
  while (pairs < PAIRS) {
    const set = nodeSet(generateNodes(random, NODES_PER_SET));
    for (let i = 0; i < QUERIES_PER_SET; i++) {
      const query = generateQuery(random, set.nodes);
      const result = compareWithMingo(matcher, query, set);
      pairs += 1;
      if (result.found > 0) nonEmpty += 1;
      if (result.excused.length > 0) excused += 1;
      for (const operator of query.operators) counts.set(operator, (counts.get(operator) ?? 0) + 1);
      for (const name of result.excused) shown.set(name, (shown.get(name) ?? 0) + 1);
      if (result.fault !== undefined && faults.length < 5) faults.push(result.fault);
    }
  }
  const table = [...counts].sort().map(([operator, count]) => `${operator} ${count}`);
  console.log(
    `MUSTER_TEST_SEED=${seed}\n${pairs} pairs, ${nonEmpty} found nodes, ${excused} showed a listed difference`,
  );
  console.log(table.join(', '));
  console.log([...shown].map(([name, count]) => `${name}: ${count}`).join(', '));
  expect(faults, `MUSTER_TEST_SEED=${seed}`).toEqual([]);
  expect(pairs).toBeGreaterThanOrEqual(PAIRS);
  expect(nonEmpty / pairs).toBeGreaterThanOrEqual(0.3);
  // The list of differences must not grow into an excuse.
  expect(excused / pairs).toBeLessThan(0.1);
  const written = [...FIELD_OPERATORS, '$options', '$not', '$and', '$or', '$nor', 'implicit'];
  expect(written.filter((operator) => (counts.get(operator) ?? 0) < 500)).toEqual([]);
  expect(FIELD_OPERATORS.filter((operator) => (counts.get(`$not:${operator}`) ?? 0) < 300)).toEqual([]);
});

describe('each listed difference is one still', () => {
  for (const { name, example, applies } of differences) {
    test(name, () => {
      const [query, facts] = example;
      const node = nodeDocument({ facts });
      const plain = JSON.parse(JSON.stringify(node));
      expect(compileQuery(parseJsonQuery(query))(node)).toBe(!new MingoQuery(query as never).test(plain));
      const path = Object.keys(query)[0] as string;
      const condition = query[path] as Json;
      const isOperators = JSON.stringify(condition).startsWith('{"$');
      const operator = isOperators ? (Object.keys(condition as object)[0] as string) : '$eq';
      const operand = isOperators ? ((condition as Record<string, Json>)[operator] as Json) : condition;
      expect(applies({ path: path.split('.'), operator, operand }, plain)).toBe(true);
    });
  }
});

describe('an operator broken by hand is noticed', () => {
  const PAIRS_MOST = 6_000;
  for (const { name, broken } of mutations) {
    test(name, () => {
      const seed = testSeed();
      const random = createRandom(seed);
      const mutant = createMatcher(broken(operators));
      let fault: string | undefined;
      let pairs = 0;
      while (fault === undefined && pairs < PAIRS_MOST) {
        const set = nodeSet(generateNodes(random, NODES_PER_SET));
        for (let i = 0; fault === undefined && i < QUERIES_PER_SET; i++) {
          fault = compareWithMingo(mutant, generateQuery(random, set.nodes), set).fault;
          pairs += 1;
        }
      }
      expect(fault, `not noticed in ${pairs} pairs, MUSTER_TEST_SEED=${seed}`).toBeDefined();
    });
  }

  test('the list breaks every operator, and $not over each', () => {
    const names = mutations.map((mutation) => mutation.name).join('\n');
    for (const operator of [...FIELD_OPERATORS, '$not', '$and', '$or', '$nor'])
      expect(names, operator).toMatch(new RegExp(`^\\${operator}[ :]`, 'm'));
    for (const operator of FIELD_OPERATORS) expect(names).toContain(`$not over ${operator}`);
  });
});
