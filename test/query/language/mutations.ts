import type { Json } from '../../../core/index.ts';
import { compareValues, type Operators, type Rule, type Test } from '../../../query/language/index.ts';
import { FIELD_OPERATORS } from './generate.ts';

/*
 * Ways to break the operators, each of which the comparison with mingo must notice.
 */

/** One broken operator. */
export interface Mutation {
  readonly name: string;
  readonly broken: (table: Operators) => Operators;
}

type Entry = (test: Test, compiler: never) => Rule;

function withTest(name: Test['op'], make: (original: Entry) => (test: never, compiler: never) => Rule) {
  return (table: Operators): Operators => ({
    ...table,
    tests: { ...table.tests, [name]: make(table.tests[name] as Entry) },
  });
}

/** The element test of an operator changed; a rule of another kind is left. */
function withElement(
  name: Test['op'],
  change: (matches: (found: Json | undefined) => boolean, test: never) => (found: Json | undefined) => boolean,
) {
  return withTest(name, (original) => (test, compiler) => {
    const alter = (rule: Rule): Rule => {
      if (rule.kind === 'element') return { ...rule, matches: change(rule.matches, test) };
      return rule.kind === 'not' ? { kind: 'not', rule: alter(rule.rule) } : rule;
    };
    return alter(original(test, compiler));
  });
}

function asWritten(name: Test['op'], other: Test['op']) {
  return (table: Operators): Operators => ({
    ...table,
    tests: { ...table.tests, [name]: table.tests[other] } as never,
  });
}

const unbracketed = (name: '$gt' | '$gte' | '$lt' | '$lte', holds: (order: number) => boolean) =>
  withElement(
    name,
    (_matches, test: { value: Json }) => (found) => found !== undefined && holds(compareValues(found, test.value)),
  );

/** Operators as MongoDB names them, and the name of their test. */
const testNames = (operator: string): readonly Test['op'][] =>
  operator === '$elemMatch' ? ['$elemMatch', '$elemMatchValue'] : [operator as Test['op']];

/** Every mutation. */
export const mutations: readonly Mutation[] = [
  {
    name: '$eq: null does not find what is missing',
    broken: withElement('$eq', (matches) => (found) => found !== undefined && matches(found)),
  },
  {
    name: '$eq: a number equals its text',
    broken: withElement(
      '$eq',
      (matches, test: { value: Json }) => (found) =>
        matches(found) || (typeof found === 'number' && String(found) === test.value),
    ),
  },
  {
    name: '$eq: never inside arrays',
    broken: withTest(
      '$eq',
      (original) => (test, compiler) => ({ ...original(test, compiler), atEnd: 'whole' }) as Rule,
    ),
  },
  {
    name: '$ne: wants the field to be there',
    broken: withTest('$ne', (original) => (test, compiler) => ({
      kind: 'every',
      rules: [
        original(test, compiler),
        { kind: 'element', atEnd: 'elements', readsObjects: false, matches: (found) => found !== undefined },
      ],
    })),
  },
  {
    name: '$ne: one element that differs is enough',
    broken: withTest('$ne', (original) => (test, compiler) => {
      const rule = original(test, compiler) as Extract<Rule, { kind: 'not' }>;
      const inner = rule.rule as Extract<Rule, { kind: 'element' }>;
      return { ...inner, matches: (found) => !inner.matches(found) };
    }),
  },
  { name: '$gt: also what is equal', broken: asWritten('$gt', '$gte') },
  { name: '$gte: not what is equal', broken: asWritten('$gte', '$gt') },
  { name: '$lt: also what is equal', broken: asWritten('$lt', '$lte') },
  { name: '$lte: not what is equal', broken: asWritten('$lte', '$lt') },
  { name: '$gt: across types', broken: unbracketed('$gt', (order) => order > 0) },
  { name: '$gte: across types', broken: unbracketed('$gte', (order) => order >= 0) },
  { name: '$lt: across types', broken: unbracketed('$lt', (order) => order < 0) },
  { name: '$lte: across types', broken: unbracketed('$lte', (order) => order <= 0) },
  {
    name: '$in: null among the values does not find what is missing',
    broken: withElement('$in', (matches) => (found) => found !== undefined && matches(found)),
  },
  {
    name: '$in: the first value only',
    broken: withTest(
      '$in',
      (original) => (test: { values: readonly Json[] }, compiler) =>
        original({ ...test, values: test.values.slice(0, 1) } as never, compiler),
    ),
  },
  {
    name: '$nin: wants the field to be there',
    broken: withElement('$nin', (matches) => (found) => found === undefined || matches(found)),
  },
  {
    name: '$nin: the first value only',
    broken: withTest(
      '$nin',
      (original) => (test: { values: readonly Json[] }, compiler) =>
        original({ ...test, values: test.values.slice(0, 1) } as never, compiler),
    ),
  },
  {
    name: '$exists: null counts as missing',
    broken: withElement('$exists', () => (found) => found !== undefined && found !== null),
  },
  {
    name: '$exists: always true',
    broken: withTest(
      '$exists',
      (original) => (test: object, compiler) => original({ ...test, exists: true } as never, compiler),
    ),
  },
  {
    name: '$type: null is an object',
    broken: withElement('$type', (matches) => (found) => matches(found === null ? {} : found)),
  },
  {
    name: '$type: the first type only',
    broken: withTest(
      '$type',
      (original) => (test: { types: readonly string[] }, compiler) =>
        original({ ...test, types: test.types.slice(0, 1) } as never, compiler),
    ),
  },
  {
    name: '$regex: numbers as texts',
    broken: withElement('$regex', (matches) => (found) => matches(typeof found === 'number' ? String(found) : found)),
  },
  {
    name: '$regex: only from the beginning',
    broken: withElement(
      '$regex',
      (_matches, test: { pattern: { source: string } }) => (found) =>
        typeof found === 'string' && new RegExp(`^(?:${test.pattern.source})`).test(found),
    ),
  },
  {
    name: '$regex: $options are forgotten',
    broken: withElement(
      '$regex',
      (_matches, test: { pattern: { source: string } }) => (found) =>
        typeof found === 'string' && new RegExp(test.pattern.source).test(found),
    ),
  },
  {
    name: '$all: any of them',
    broken: withTest('$all', (original) => (test: { tests: readonly Test[] }, compiler) => {
      const rule = original(test as never, compiler);
      return rule.kind === 'every'
        ? { kind: 'not', rule: { kind: 'every', rules: rule.rules.map((part) => ({ kind: 'not', rule: part })) } }
        : rule;
    }),
  },
  {
    name: '$all: an empty list finds all',
    broken: withTest(
      '$all',
      (original) => (test: { tests: readonly Test[] }, compiler) =>
        test.tests.length === 0 ? { kind: 'every', rules: [] } : original(test as never, compiler),
    ),
  },
  {
    name: '$elemMatch: conditions met by different elements',
    broken: withTest(
      '$elemMatch',
      (original) => (test: { condition: { kind: string; of?: readonly unknown[] } }, compiler) => {
        const { condition } = test;
        if (condition.kind !== 'and' || condition.of === undefined) return original(test as never, compiler);
        return {
          kind: 'every',
          rules: condition.of.map((part) => original({ op: '$elemMatch', condition: part } as never, compiler)),
        };
      },
    ),
  },
  {
    name: '$elemMatch: the first element only',
    broken: withTest('$elemMatch', (original) => (test, compiler) => {
      const rule = original(test, compiler) as Extract<Rule, { kind: 'element' }>;
      return { ...rule, matches: (found) => rule.matches(Array.isArray(found) ? found.slice(0, 1) : found) };
    }),
  },
  {
    name: '$elemMatch with operators: also what is no array',
    broken: withTest('$elemMatchValue', (original) => (test, compiler) => {
      const rule = original(test, compiler) as Extract<Rule, { kind: 'element' }>;
      return {
        ...rule,
        matches: (found) => rule.matches(Array.isArray(found) || found === undefined ? found : [found]),
      };
    }),
  },
  {
    name: '$size: at least',
    broken: withElement(
      '$size',
      (_matches, test: { size: number }) => (found) => Array.isArray(found) && found.length >= test.size,
    ),
  },
  {
    name: '$mod: the sign does not count',
    broken: withElement(
      '$mod',
      (_matches, test: { divisor: number; remainder: number }) => (found) =>
        typeof found === 'number' &&
        Number.isSafeInteger(found) &&
        Math.abs(found % test.divisor) === Math.abs(test.remainder),
    ),
  },
  {
    name: '$mod: the remainder is forgotten',
    broken: withElement(
      '$mod',
      (_matches, test: { divisor: number }) => (found) => typeof found === 'number' && found % test.divisor === 0,
    ),
  },
  {
    name: '$not: wants the field to be there',
    broken: withTest('$not', (original) => (test, compiler) => ({
      kind: 'every',
      rules: [
        original(test, compiler),
        { kind: 'element', atEnd: 'elements', readsObjects: false, matches: (found) => found !== undefined },
      ],
    })),
  },
  ...FIELD_OPERATORS.map(
    (operator): Mutation => ({
      name: `$not over ${operator} is forgotten`,
      broken: withTest(
        '$not',
        (original) => (test: { test: Test }, compiler: { rule: (test: Test) => Rule }) =>
          testNames(operator).includes(test.test.op)
            ? compiler.rule(test.test)
            : original(test as never, compiler as never),
      ),
    }),
  ),
  {
    name: 'several operators on one path: any of them',
    broken: withTest('and', (original) => (test, compiler) => {
      const rule = original(test, compiler) as Extract<Rule, { kind: 'every' }>;
      return { kind: 'not', rule: { kind: 'every', rules: rule.rules.map((part) => ({ kind: 'not', rule: part })) } };
    }),
  },
  { name: '$and: any of them', broken: (table) => ({ ...table, joins: { ...table.joins, and: table.joins.or } }) },
  { name: '$or: all of them', broken: (table) => ({ ...table, joins: { ...table.joins, or: table.joins.and } }) },
  {
    name: '$nor: not all of them',
    broken: (table) => ({
      ...table,
      joins: { ...table.joins, nor: (parts) => (item) => !parts.every((part) => part(item)) },
    }),
  },
];
