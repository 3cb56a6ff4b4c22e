import { codeKey, type FieldPath, type Json } from '../../core/index.ts';
import {
  type Condition,
  compileTest,
  isAlwaysKnown,
  isPattern,
  isPresent,
  type Pattern,
  type Test,
  type TypedCondition,
  truthWhenAbsent,
  typedConditions,
  type ValueTest,
} from '../language/index.ts';
import { type Code, MATCHES, MET_SHIFT, UNKNOWN } from './column.ts';
import { TYPE_BITS, typeBit } from './values.ts';

/*
 * A query made ready for columns: a tree whose leaves each ask one thing of one path. Several operators on a path, and
 * `$not`, become joins above the leaf; that changes neither MongoDB's answer nor the three-valued one, since both are
 * made part by part.
 */

/** One question about one path. */
export interface LeafPlan {
  readonly kind: 'leaf';
  readonly path: FieldPath;
  /** Coded. */
  readonly segments: readonly string[];
  readonly test: Test;
  readonly compiled: ValueTest;
  /** What is said of a row that has nothing at the path. */
  readonly absent: Code;
  /** Types asked for, as bits; 0 where none in particular. */
  readonly asked: number;
  readonly typed: TypedCondition | undefined;
  /** Where the test is equality with one of some texts, numbers and booleans: those. */
  readonly equals: readonly Json[] | undefined;
  readonly pattern: Pattern | undefined;
  /** Bounds, where the test is an order between numbers. */
  readonly range: NumberRange | undefined;
}

/** Numbers from `low` to `high`, each included or not. */
export interface NumberRange {
  readonly low: number;
  readonly high: number;
  readonly lowIncluded: boolean;
  readonly highIncluded: boolean;
}

/** A query for columns. */
export type Plan = LeafPlan | { readonly kind: 'and' | 'or' | 'nor'; readonly of: readonly Plan[] };

/** Makes a plan of a condition. */
export function planOf(condition: Condition): Plan {
  if (condition.kind === 'field') return planOfTest(condition.path, condition.test);
  return { kind: condition.kind, of: condition.of.map(planOf) };
}

/** Every leaf, in the order written. */
export function leavesOf(plan: Plan): readonly LeafPlan[] {
  return plan.kind === 'leaf' ? [plan] : plan.of.flatMap(leavesOf);
}

function planOfTest(path: FieldPath, test: Test): Plan {
  switch (test.op) {
    case '$not':
      return { kind: 'nor', of: [planOfTest(path, test.test)] };
    case 'and':
      return { kind: 'and', of: test.tests.map((part) => planOfTest(path, part)) };
    case '$all':
      return { kind: test.tests.length === 0 ? 'or' : 'and', of: test.tests.map((part) => planOfTest(path, part)) };
    case '$ne':
      return { kind: 'nor', of: [leaf(path, { op: '$eq', value: test.value }, test)] };
    case '$nin':
      return { kind: 'nor', of: [leaf(path, { op: '$in', values: test.values }, test)] };
    default:
      return leaf(path, test, test);
  }
}

function leaf(path: FieldPath, test: Test, written: Test): LeafPlan {
  const compiled = compileTest(test);
  const typed = typedConditions({ kind: 'field', path, test: written })[0];
  const unknown = !isAlwaysKnown(path) && truthWhenAbsent(test, path) === 'unknown';
  return {
    kind: 'leaf',
    path,
    segments: path.map(codeKey),
    test,
    compiled,
    absent: (compiled.at(undefined, []) ? MATCHES : 0) | (unknown ? UNKNOWN : 0),
    asked: typed === undefined ? 0 : askedBits(typed.asked),
    typed,
    equals: equalsOf(test),
    pattern: test.op === '$regex' ? test.pattern : undefined,
    range: rangeOf(test),
  };
}

/** What the leaf says of a value that stands at a column, `rest` of its path below it. */
export function codeOf(plan: LeafPlan, value: Json, rest: readonly string[]): Code {
  let code = plan.compiled.at(value, rest) ? MATCHES : 0;
  if (rest.length === 0 && (typeof value !== 'object' || value === null)) {
    const bit = typeBit(value);
    return plan.asked === 0 || (bit & (plan.asked | TYPE_BITS.null)) !== 0 ? code : code | (bit << MET_SHIFT);
  }
  if ((plan.absent & UNKNOWN) !== 0 && rest.length > 0 && !isPresent(value, rest)) code |= UNKNOWN;
  if (plan.typed !== undefined) {
    for (const type of plan.typed.met(value, rest)) code |= TYPE_BITS[type] << MET_SHIFT;
  }
  return code;
}

function askedBits(asked: string): number {
  let bits = 0;
  for (const type of asked.split(' or ')) bits |= TYPE_BITS[type as keyof typeof TYPE_BITS];
  return bits;
}

const isPlainScalar = (value: Json | Pattern): value is string | number | boolean =>
  value !== null && typeof value !== 'object';

function equalsOf(test: Test): readonly Json[] | undefined {
  if (test.op === '$eq') return isPlainScalar(test.value) ? [test.value] : undefined;
  if (test.op !== '$in') return undefined;
  const values: Json[] = [];
  for (const value of test.values) {
    if (isPattern(value) || !isPlainScalar(value)) return undefined;
    values.push(value);
  }
  return values;
}

function rangeOf(test: Test): NumberRange | undefined {
  const whole = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  switch (test.op) {
    case '$eq':
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte': {
      const { value } = test;
      if (typeof value !== 'number') return undefined;
      if (test.op === '$eq') return { low: value, high: value, lowIncluded: true, highIncluded: true };
      return test.op.startsWith('$g')
        ? { ...whole, low: value, lowIncluded: test.op === '$gte', highIncluded: true }
        : { ...whole, high: value, lowIncluded: true, highIncluded: test.op === '$lte' };
    }
    default:
      return undefined;
  }
}
