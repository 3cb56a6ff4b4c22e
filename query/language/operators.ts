import type { Json } from '../../core/index.ts';
import type { Condition, Pattern, Test } from './ast.ts';
import { compareValues, equalValues, typeOfValue } from './compare.ts';
import { mcTest } from './mc-compare.ts';
import type { ArrayAtEnd, ElementTest } from './walk.ts';

/*
 * What each operator means. An operator either tests the values met at the path one by one, any of which suffices, or
 * combines tests that walk the path each for itself: `{ a: { $not: { $gt: 1 } } }` holds where no value met is above 1.
 */

/** What an operator compiles to. */
export type Rule =
  | {
      readonly kind: 'element';
      readonly matches: ElementTest;
      readonly atEnd: ArrayAtEnd;
      /** True where the result on an object depends on what is in it. */
      readonly readsObjects: boolean;
    }
  | { readonly kind: 'not'; readonly rule: Rule }
  | { readonly kind: 'every'; readonly rules: readonly Rule[] }
  | { readonly kind: 'never' };

/** The shape of a test by its operator. */
type TestOf<O extends Test['op']> = ShapeOf<Test, O>;
type ShapeOf<T extends Test, O extends Test['op']> = T extends Test ? (O extends T['op'] ? T : never) : never;

/** What an operator's entry needs of the rest. */
export interface Compiler {
  readonly rule: (test: Test) => Rule;
  /** A condition on a document standing inside an array; an array there counts as a document of its indexes. */
  readonly inside: (condition: Condition) => (document: Json) => boolean;
  readonly single: (rule: Rule) => ElementTest;
}

/** One entry for each operator, and one for each way to join conditions. Tests replace entries to see that it shows. */
export interface Operators {
  readonly tests: { readonly [O in Test['op']]: (test: TestOf<O>, compiler: Compiler) => Rule };
  readonly joins: Readonly<
    Record<'and' | 'or' | 'nor', <T>(parts: readonly ((item: T) => boolean)[]) => (item: T) => boolean>
  >;
}

const element = (matches: ElementTest, readsObjects = false): Rule => ({
  kind: 'element',
  matches,
  atEnd: 'elements',
  readsObjects,
});

const whole = (matches: (array: readonly Json[]) => boolean): Rule => ({
  kind: 'element',
  matches: (value) => Array.isArray(value) && matches(value),
  atEnd: 'whole',
  readsObjects: false,
});

const isObjectValue = (value: Json) => typeOfValue(value) === 'object';

/** Equality with null finds missing too. */
function equals(value: Json): Rule {
  if (value === null) return element((found) => found === undefined || found === null);
  if (typeof value !== 'object') return element((found) => found === value);
  return element((found) => found !== undefined && equalValues(found, value), isObjectValue(value));
}

/** Order holds only between values of one type; null is at least and at most null and missing. */
function ordered(value: Json, holds: (order: number) => boolean): Rule {
  const type = typeOfValue(value);
  if (type === 'null') return element((found) => (found === undefined || found === null) && holds(0));
  return element(
    (found) => found !== undefined && typeOfValue(found) === type && holds(compareValues(found, value)),
    type === 'object',
  );
}

function oneOf(test: TestOf<'$in'>): Rule {
  const scalars = new Set<unknown>();
  const compound: Json[] = [];
  const patterns: ((text: string) => boolean)[] = [];
  let missing = false;
  for (const value of test.values) {
    if (isPattern(value)) patterns.push(value.matches);
    else if (value === null) missing = true;
    else if (typeof value === 'object') compound.push(value);
    else scalars.add(value);
  }
  if (missing) scalars.add(null);
  return element((found) => {
    if (found === undefined) return missing;
    if (typeof found === 'object' && found !== null) return compound.some((value) => equalValues(found, value));
    return scalars.has(found) || (typeof found === 'string' && patterns.some((matches) => matches(found)));
  }, compound.some(isObjectValue));
}

/** True for a pattern among the values of `$in`; JSON values never hold a function. */
export function isPattern(value: Json | Pattern): value is Pattern {
  return typeof value === 'object' && value !== null && typeof (value as { matches?: unknown }).matches === 'function';
}

/** MongoDB's operators, and MCollective's one. */
export const operators: Operators = {
  tests: {
    $eq: (test) => equals(test.value),
    $ne: (test) => ({ kind: 'not', rule: equals(test.value) }),
    $gt: (test) => ordered(test.value, (order) => order > 0),
    $gte: (test) => ordered(test.value, (order) => order >= 0),
    $lt: (test) => ordered(test.value, (order) => order < 0),
    $lte: (test) => ordered(test.value, (order) => order <= 0),
    $in: oneOf,
    $nin: (test) => ({ kind: 'not', rule: oneOf(test) }),
    $exists: (test) => {
      const rule = element((found) => found !== undefined);
      return test.exists ? rule : { kind: 'not', rule };
    },
    $type: (test) => element((found) => found !== undefined && test.types.includes(typeOfValue(found))),
    $regex: (test) => element((found) => typeof found === 'string' && test.pattern.matches(found)),
    $mod: (test) =>
      element((found) => {
        // Both are cut to whole numbers first; beyond 64 bits nothing matches.
        if (typeof found !== 'number' || Math.abs(found) > 2 ** 63) return false;
        return Math.trunc(found) % test.divisor === test.remainder;
      }),
    $size: (test) => whole((array) => array.length === test.size),
    $elemMatch: (test, compiler) => {
      const matches = compiler.inside(test.condition);
      return whole((array) => array.some((item) => typeof item === 'object' && item !== null && matches(item)));
    },
    $elemMatchValue: (test, compiler) => {
      const matches = compiler.single(compiler.rule(test.test));
      return whole((array) => array.some(matches));
    },
    $not: (test, compiler) => ({ kind: 'not', rule: compiler.rule(test.test) }),
    and: (test, compiler) => ({ kind: 'every', rules: test.tests.map(compiler.rule) }),
    $all: (test, compiler) =>
      test.tests.length === 0 ? { kind: 'never' } : { kind: 'every', rules: test.tests.map(compiler.rule) },
    $mc: (test) => ({ kind: 'element', matches: mcTest(test), atEnd: 'whole', readsObjects: true }),
  },
  joins: {
    and: (parts) => (item) => parts.every((part) => part(item)),
    or: (parts) => (item) => parts.some((part) => part(item)),
    nor: (parts) => (item) => !parts.some((part) => part(item)),
  },
};
