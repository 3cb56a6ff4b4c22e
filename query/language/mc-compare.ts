import { decodeKey, type Json, type JsonObject } from '../../core/index.ts';
import type { McOperator, Pattern } from './ast.ts';
import { compareTexts } from './compare.ts';

/*
 * The comparison of MCollective's fact filters (protocol page 2.5): facts are texts, an array passes by any element, a
 * map by any of its keys. Ordering is numeric where both sides look numeric in the same way, else by text.
 */

const INTEGER = /^[0-9]+$/;
/** What the original takes for a decimal number: digits, any one character, digits. */
const DECIMAL = /^[0-9]+.[0-9]+$/;
const NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;

/** A fact's text as a stock node would have flattened it: numbers and booleans as written, null as nothing. */
export function mcText(value: Json): string {
  return value === null ? '' : String(value);
}

/** A comparison with one written value. */
export interface McComparison {
  readonly operator: McOperator;
  readonly value: string;
  readonly pattern?: Pattern;
}

/** The test of one fact; missing never passes, not even with `!=`. */
export function mcTest(comparison: McComparison): (fact: Json | undefined) => boolean {
  const scalar = scalarTest(comparison);
  return (fact) => {
    if (fact === undefined) return false;
    if (Array.isArray(fact)) return fact.some((element: Json) => passes(element, scalar));
    return passes(fact, scalar);
  };
}

function passes(fact: Json, scalar: (fact: Json) => boolean): boolean {
  if (typeof fact !== 'object' || fact === null) return scalar(fact);
  if (Array.isArray(fact)) return false;
  return Object.keys(fact as JsonObject).some((key) => scalar(decodeKey(key)));
}

function scalarTest({ operator, value, pattern }: McComparison): (fact: Json) => boolean {
  switch (operator) {
    case '==': {
      // A typed fact answers to the equal number too: `8.0` finds 8, as in the relaxed form.
      const number = NUMBER.test(value) ? Number(value) : undefined;
      return (fact) => mcText(fact) === value || (typeof fact === 'number' && fact === number);
    }
    case '=~':
      return (fact) => pattern?.matches(mcText(fact)) ?? false;
    default:
      return (fact) => ordered(operator, mcText(fact), value);
  }
}

function ordered(operator: McOperator, fact: string, value: string): boolean {
  const order = orderOf(fact, value);
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    default:
      // `!=`; where a number cannot be made of what looks like one, nothing matches.
      return !Number.isNaN(order) && order !== 0;
  }
}

/** Below 0, 0, above 0, or NaN where both look like decimals and one is none (`12-5`). */
function orderOf(fact: string, value: string): number {
  if (INTEGER.test(fact) && INTEGER.test(value)) return compareIntegers(fact, value);
  if (DECIMAL.test(fact) && DECIMAL.test(value)) {
    const x = Number(fact.replaceAll('_', ''));
    const y = Number(value.replaceAll('_', ''));
    return x === y ? 0 : x < y ? -1 : x > y ? 1 : Number.NaN;
  }
  return compareTexts(fact, value);
}

/** Integers of any length: registrations keep those beyond 2^53 as texts. */
function compareIntegers(a: string, b: string): number {
  const x = a.replace(/^0+(?=.)/, '');
  const y = b.replace(/^0+(?=.)/, '');
  return x.length === y.length ? compareTexts(x, y) : x.length - y.length;
}
