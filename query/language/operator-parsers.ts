import { shownValue } from '../../core/index.ts';
import type { Condition, Pattern, Test, TypeName } from './ast.ts';
import { equalities, operand, type Place, placeIn, refuse } from './operand.ts';
import { compilePattern } from './pattern.ts';
import { BareWord, isOperatorDocument, isSourceObject, RegexLiteral, type SourceObject } from './source.ts';

/*
 * One parser for each operator that stands at a field. What they take is what MongoDB's own parser takes.
 */

/** What an operator's parser may call back for. */
export interface Parsers {
  readonly conditions: (source: SourceObject, place: Place) => Condition;
  readonly tests: (source: SourceObject, place: Place) => Test;
}

type OperatorParser = (source: unknown, place: Place, parsers: Parsers, siblings: SourceObject) => Test;

const only = (tests: readonly Test[]): Test => (tests.length === 1 ? (tests[0] as Test) : { op: 'and', tests });

/** Equality: of a bare word on a fact, with the text or the equal number or boolean. */
export function equalTo(source: unknown, place: Place): Test {
  const values = equalities(source, place);
  return values.length === 1 && values[0] !== undefined ? { op: '$eq', value: values[0] } : { op: '$in', values };
}

function order(op: '$gt' | '$gte' | '$lt' | '$lte'): OperatorParser {
  return (source, place) => ({ op, value: operand(source, place) });
}

function listOf(source: unknown, place: Place): readonly unknown[] {
  if (!Array.isArray(source)) return refuse(place, 'needs an array', source);
  place.budget.list(source.length, place.field);
  return source;
}

function among(op: '$in' | '$nin'): OperatorParser {
  return (source, place) => {
    const values = listOf(source, place).flatMap((item, i): readonly (ReturnType<typeof operand> | Pattern)[] => {
      const at = placeIn(place, `[${i}]`);
      if (isOperatorDocument(item)) return refuse(at, `operators cannot stand inside ${op}`, item);
      return item instanceof RegexLiteral ? [patternOf(item.source, item.options, at)] : equalities(item, at);
    });
    return { op, values };
  };
}

function patternOf(source: string, options: string, place: Place): Pattern {
  place.budget.value(place.field);
  return compilePattern(source, options, place.field);
}

function textOf(source: unknown, place: Place): string {
  if (typeof source === 'string') return source;
  return source instanceof BareWord ? source.text : refuse(place, 'needs a string', source);
}

const regex: OperatorParser = (source, place, _parsers, siblings) => {
  const written = source instanceof RegexLiteral ? source : new RegexLiteral(textOf(source, place), '');
  const options = siblings.$options === undefined ? '' : textOf(siblings.$options, place);
  if (options !== '' && written.options !== '') refuse(place, 'has options in two places', options);
  return { op: '$regex', pattern: patternOf(written.source, written.options + options, place) };
};

const not: OperatorParser = (source, place, parsers) => {
  if (source instanceof RegexLiteral)
    return { op: '$not', test: { op: '$regex', pattern: patternOf(source.source, source.options, place) } };
  if (!isOperatorDocument(source)) return refuse(place, 'needs operators or a regular expression', source);
  return { op: '$not', test: parsers.tests(source, place) };
};

/** A document of conditions on the elements' fields, or operators on the elements themselves. */
const elemMatch: OperatorParser = (source, place, parsers) => {
  if (!isSourceObject(source)) return refuse(place, 'needs an object', source);
  const first = Object.keys(source)[0] ?? '';
  return first.startsWith('$') && first !== '$and' && first !== '$or' && first !== '$nor'
    ? { op: '$elemMatchValue', test: parsers.tests(source, place) }
    : { op: '$elemMatch', condition: parsers.conditions(source, place) };
};

const isElemMatch = (item: unknown): item is SourceObject =>
  isSourceObject(item) && Object.keys(item)[0] === '$elemMatch';

const all: OperatorParser = (source, place, parsers) => {
  const list = listOf(source, place);
  const elements = isElemMatch(list[0]);
  const tests = list.map((item, i): Test => {
    const at = placeIn(place, `[${i}]`);
    place.budget.clause(at.field);
    if (elements) {
      if (!isElemMatch(item) || Object.keys(item).length !== 1)
        return refuse(at, 'where one entry of $all is $elemMatch, every one must be', item);
      return elemMatch(item.$elemMatch, placeIn(at, '$elemMatch'), parsers, item);
    }
    if (isOperatorDocument(item)) return refuse(at, 'operators cannot stand inside $all, but for $elemMatch', item);
    return item instanceof RegexLiteral
      ? { op: '$regex', pattern: patternOf(item.source, item.options, at) }
      : equalTo(item, at);
  });
  return { op: '$all', tests };
};

/** Everything typed as it is written, whatever field the operator stands at. */
const typed = (source: unknown, place: Place) => operand(source, { ...place, words: 'typed' });

const exists: OperatorParser = (source, place) => {
  const value = typed(source, place);
  if (typeof value === 'boolean') return { op: '$exists', exists: value };
  if (typeof value === 'number' || value === null) return { op: '$exists', exists: value !== null && value !== 0 };
  return refuse(place, 'needs true or false', value);
};

const size: OperatorParser = (source, place) => {
  const value = typed(source, place);
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 2 ** 31 - 1)
    return refuse(place, 'needs a whole number from 0', value);
  return { op: '$size', size: value };
};

const mod: OperatorParser = (source, place) => {
  const list = listOf(source, place).map((item, i) => typed(item, placeIn(place, `[${i}]`)));
  const [divisor, remainder] = list;
  if (list.length !== 2 || typeof divisor !== 'number' || typeof remainder !== 'number')
    return refuse(place, 'needs two numbers, the divisor and the remainder', list);
  if (Math.trunc(divisor) === 0) return refuse(place, 'cannot divide by 0', list);
  return { op: '$mod', divisor: Math.trunc(divisor), remainder: Math.trunc(remainder) };
};

/** Names and BSON numbers of the types that JSON has. MongoDB's kinds of number are one here. */
const TYPES: Readonly<Record<string, TypeName>> = Object.freeze({
  number: 'number',
  double: 'number',
  int: 'number',
  long: 'number',
  decimal: 'number',
  string: 'string',
  bool: 'bool',
  object: 'object',
  array: 'array',
  null: 'null',
  1: 'number',
  16: 'number',
  18: 'number',
  19: 'number',
  2: 'string',
  8: 'bool',
  3: 'object',
  4: 'array',
  10: 'null',
});

const type: OperatorParser = (source, place) => {
  const list = Array.isArray(source) ? listOf(source, place) : [source];
  if (list.length === 0) return refuse(place, 'needs at least one type');
  const types = list.map((item) => {
    const name = item instanceof BareWord ? item.text : item === null ? 'null' : item;
    if (typeof name !== 'string' && typeof name !== 'number') return refuse(place, 'needs names of types', item);
    const known = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
    return known ?? refuse(place, `${shownValue(name)} is not a type of JSON: ${Object.keys(TYPES).join(', ')}`, item);
  });
  return { op: '$type', types: [...new Set(types)] };
};

/** The operators that stand at a field, each with its parser. `$options` belongs to `$regex`. */
export const operatorParsers: Readonly<Record<string, OperatorParser>> = Object.freeze({
  $eq: equalTo,
  $ne: (source, place) => {
    const test = equalTo(source, place);
    return test.op === '$in' ? { op: '$nin', values: test.values } : ({ ...test, op: '$ne' } as Test);
  },
  $gt: order('$gt'),
  $gte: order('$gte'),
  $lt: order('$lt'),
  $lte: order('$lte'),
  $in: among('$in'),
  $nin: among('$nin'),
  $exists: exists,
  $type: type,
  $regex: regex,
  $not: not,
  $all: all,
  $elemMatch: elemMatch,
  $size: size,
  $mod: mod,
} satisfies Record<string, OperatorParser>);

/** The operators of one field, all of which must hold. */
export function parseTests(source: SourceObject, place: Place, parsers: Parsers): Test {
  const tests: Test[] = [];
  for (const name of Object.keys(source)) {
    if (name === '$options' && Object.hasOwn(source, '$regex')) continue;
    const at = placeIn(place, name);
    place.budget.clause(at.field);
    const parser = Object.hasOwn(operatorParsers, name) ? operatorParsers[name] : undefined;
    if (parser === undefined) refuseOperator(name, at);
    tests.push(parser(source[name], at, parsers, source));
  }
  return only(tests);
}

function refuseOperator(name: string, place: Place): never {
  if (name === '$options') refuse(place, '$options needs a $regex beside it');
  if (name === '$and' || name === '$or' || name === '$nor')
    refuse(place, `${name} joins whole conditions and cannot stand at a field; use $not, or write the field in each`);
  if (!name.startsWith('$')) refuse(place, 'a field among operators; write its path in full', name);
  refuse(place, `the operator ${shownValue(name)} is not allowed`, name, 'query_operator_refused');
}
