import type { Json, JsonObject } from '../../../core/index.ts';
import { typeOfValue } from '../../../query/language/index.ts';

/*
 * Where mingo 7 and MongoDB's documented behaviour part, and ours follows MongoDB. Each row says for which conditions
 * on which documents alone it may show. MongoDB's rules: its manual, and the tests beside its matcher (path_test.cpp,
 * expression_leaf_test.cpp, expression_array_test.cpp).
 */

/** One condition on one path. */
export interface Leaf {
  /** Coded segments. */
  readonly path: readonly string[];
  readonly operator: string;
  readonly operand: Json;
}

/** A difference that lasts. */
export interface Difference {
  readonly name: string;
  /** Whose behaviour departs from MongoDB's. */
  readonly whose: 'mingo';
  readonly reason: string;
  /** A query and facts on which it shows. */
  readonly example: readonly [query: JsonObject, facts: JsonObject];
  readonly applies: (leaf: Leaf, document: JsonObject) => boolean;
}

/** What stands at a path, and what was passed on the way. */
interface Met {
  /** True where an array stood before the last segment. */
  readonly throughArray: boolean;
  /** True where a segment named an index of an array. */
  readonly byIndex: boolean;
  /** What stands at the end; the first array on the way where there was one. */
  readonly end: Json | undefined;
  /** Everything reached below that array: values, arrays themselves and undefined for what was missing. */
  readonly reached: readonly (Json | undefined)[];
}

function metAt(document: JsonObject, path: readonly string[]): Met {
  let here: Json | undefined = document;
  for (let i = 0; i < path.length; i++) {
    if (Array.isArray(here)) {
      const reached: (Json | undefined)[] = [];
      reach(here, path, i, reached);
      return { throughArray: true, byIndex: path.slice(i).some((part) => /^[0-9]+$/.test(part)), end: here, reached };
    }
    const object: Json | undefined = here;
    here =
      typeof object === 'object' && object !== null && Object.hasOwn(object, path[i] as string)
        ? (object as JsonObject)[path[i] as string]
        : undefined;
  }
  return { throughArray: false, byIndex: false, end: here, reached: Array.isArray(here) ? (here as Json[]) : [here] };
}

function reach(value: Json | undefined, path: readonly string[], from: number, into: (Json | undefined)[]): void {
  if (from === path.length || typeof value !== 'object' || value === null)
    into.push(from === path.length ? value : undefined);
  else if (Array.isArray(value)) {
    for (const item of value as readonly Json[])
      if (typeof item === 'object' && item !== null && !Array.isArray(item)) reach(item, path, from, into);
  } else {
    const key = path[from] as string;
    reach(Object.hasOwn(value, key) ? (value as JsonObject)[key] : undefined, path, from + 1, into);
  }
}

/** Operators that mingo lets into the arrays of arrays. */
const ENTERED = ['$eq', '$ne', '$in', '$nin', '$regex', '$mod'];
const ORDER = ['$gt', '$gte', '$lt', '$lte'];
const isArray = (value: Json | undefined): boolean => Array.isArray(value);
const isObject = (value: Json | undefined): value is JsonObject =>
  value !== undefined && typeOfValue(value) === 'object';
const operandsOf = (leaf: Leaf): readonly Json[] =>
  ['$in', '$nin', '$all'].includes(leaf.operator) ? (leaf.operand as readonly Json[]) : [leaf.operand];

const isValueForm = (conditions: JsonObject): boolean => Object.keys(conditions).some((key) => key.startsWith('$'));

/** The conditions on elements that a leaf holds. */
function elementConditions(leaf: Leaf): readonly JsonObject[] {
  if (leaf.operator === '$elemMatch') return [leaf.operand as JsonObject];
  if (leaf.operator !== '$all') return [];
  return operandsOf(leaf).flatMap((entry) => (isObject(entry) && isObject(entry.$elemMatch) ? [entry.$elemMatch] : []));
}

const row = (
  name: string,
  example: Difference['example'],
  reason: string,
  applies: Difference['applies'],
): Difference => ({
  name,
  whose: 'mingo',
  reason,
  example,
  applies,
});

/** Every lasting difference. */
export const differences: readonly Difference[] = [
  row(
    '$all on a single value',
    [{ 'facts.customer': { $all: ['acme'] } }, { customer: 'acme' }],
    'MongoDB: { tags: { $all: ["ssl"] } } is { $and: [{ tags: "ssl" }] } and finds a field that holds the value itself (and null, where missing); mingo wants an array',
    (leaf, document) => {
      const met = metAt(document, leaf.path);
      return leaf.operator === '$all' && !met.throughArray && !isArray(met.end);
    },
  ),
  row(
    '$all with null or an array, on an array',
    [{ 'facts.a': { $all: [[1]] } }, { a: [1] }],
    'MongoDB: each entry is an equality, which an array meets as a whole too; mingo looks at the elements only',
    (leaf, document) => {
      const met = metAt(document, leaf.path);
      return leaf.operator === '$all' && !met.throughArray && isArray(met.end) && operandsOf(leaf).some(isArray);
    },
  ),
  row(
    '$type looks into arrays',
    [{ 'facts.a': { $type: 'string' } }, { a: ['x'] }],
    'MongoDB (since 3.6): $type finds an array by the type of its elements; mingo looks at the array alone',
    (leaf, document) => {
      const met = metAt(document, leaf.path);
      return leaf.operator === '$type' && !met.throughArray && isArray(met.end);
    },
  ),
  row(
    'order against null',
    [{ 'facts.a': { $lte: null } }, {}],
    'MongoDB: a missing field is at least and at most null, as it is equal to null; mingo compares null with null only',
    (leaf, document) => {
      const met = metAt(document, leaf.path);
      return ['$gte', '$lte'].includes(leaf.operator) && leaf.operand === null && met.reached.includes(undefined);
    },
  ),
  row(
    'arrays as a whole',
    [{ 'facts.a': { $in: [[]] } }, { a: [] }],
    'MongoDB: an array is met by its elements and as itself, so { $lte: [] }, { $in: [[1, 2]] } and { $gt: [1] } compare with it; mingo compares with the elements only',
    (leaf, document) => {
      const met = metAt(document, leaf.path);
      return (
        [...ORDER, '$in', '$nin'].includes(leaf.operator) &&
        operandsOf(leaf).some(isArray) &&
        [...met.reached, met.end].some(isArray)
      );
    },
  ),
  row(
    'objects and the order of their keys',
    [{ 'facts.a': { x: 1, y: 2 } }, { a: { y: 2, x: 1 } }],
    'MongoDB: objects are equal with their keys in the same order, and are ordered field by field; mingo sorts the keys first',
    (leaf, document) =>
      [...ORDER, '$eq', '$ne', '$in', '$nin', '$all'].includes(leaf.operator) &&
      operandsOf(leaf).some(isObject) &&
      [metAt(document, leaf.path).end, ...metAt(document, leaf.path).reached].some(isObject),
  ),
  row(
    '$mod of what is no whole number',
    [{ 'facts.a': { $mod: [2, 0] } }, { a: 2.5 }],
    'MongoDB: numbers are cut to whole ones first and anything else never matches; mingo takes the remainder of what JavaScript makes of the value (2.5, 1e300, null, true, "8")',
    (leaf, document) =>
      leaf.operator === '$mod' &&
      metAt(document, leaf.path)
        .reached.flat(2)
        .some((value) => !Number.isInteger(value) || Math.abs(value as number) > 2 ** 63),
  ),
  row(
    'order of texts beyond the basic plane',
    [{ 'facts.a': { $gt: '\u{fffc}' } }, { a: '\u{10437}' }],
    'MongoDB compares the bytes of UTF-8, which is the order of code points; JavaScript’s is that of UTF-16 units',
    (leaf, document) =>
      ORDER.includes(leaf.operator) &&
      [leaf.operand, ...metAt(document, leaf.path).reached.flat(2)].some(
        (value) => typeof value === 'string' && /[\ud800-\udfff]/.test(value),
      ),
  ),
  row(
    'a path that goes by an index',
    [{ 'facts.a.0.b': null }, { a: [{ b: 1 }] }],
    'MongoDB: a number in a path is an index of an array and also a field name that each document in it is asked for (missing there, which null finds), and an array reached by its index is not entered; mingo takes the index only and enters it',
    (leaf, document) => metAt(document, leaf.path).byIndex,
  ),
  row(
    'nothing inside an array',
    [{ 'facts.a.b': { $size: 0 } }, { a: [1] }],
    'MongoDB: inside an array without documents that have the field nothing is met, or only missing; mingo makes an empty array of it, which $size, $type, $exists, $elemMatch and order then see',
    (leaf, document) => {
      const met = metAt(document, leaf.path);
      return met.throughArray && met.reached.every((value) => value === undefined);
    },
  ),
  row(
    'missing in some of the documents of an array',
    [{ 'facts.a.b': null }, { a: [{ b: 1 }, {}] }],
    'MongoDB: { "disks.size": null } finds a node with one disk that has no size; mingo leaves what is missing out',
    (leaf, document) => {
      const met = metAt(document, leaf.path);
      return met.throughArray && met.reached.includes(undefined) && operandsOf(leaf).includes(null);
    },
  ),
  row(
    'operators on arrays along a path through documents',
    [{ 'facts.a.b': { $size: 2 } }, { a: [{ b: 1 }, { b: 2 }] }],
    'MongoDB: $size, $type, $all and $elemMatch take each value found in the documents of an array by itself; mingo takes the list it gathered from them',
    (leaf, document) =>
      ['$size', '$type', '$all', '$elemMatch'].includes(leaf.operator) && metAt(document, leaf.path).throughArray,
  ),
  row(
    'arrays in the documents of an array',
    [{ 'facts.a.b': { $gt: 1 } }, { a: [{ b: [2] }, { b: [3] }] }],
    'MongoDB enters an array that stands in a document of an array; mingo’s order, $in and $mod see the array alone where several documents have one',
    (leaf, document) => {
      const met = metAt(document, leaf.path);
      return (
        [...ORDER, '$in', '$nin', '$mod', '$regex', '$eq', '$ne'].includes(leaf.operator) &&
        met.throughArray &&
        met.reached.some(isArray)
      );
    },
  ),
  row(
    'arrays inside arrays',
    [{ 'facts.a': 1 }, { a: [[1]] }],
    'MongoDB enters an array that stands at the path, but not those inside it (nor those $elemMatch meets); mingo flattens them',
    (leaf, document) => {
      const { end } = metAt(document, leaf.path);
      return ENTERED.includes(leaf.operator) && Array.isArray(end) && (end as Json[]).some(isArray);
    },
  ),
  row(
    'scalars that $elemMatch meets',
    [{ 'facts.a': { $elemMatch: { b: 1 } } }, { a: [1] }],
    'MongoDB: $elemMatch with fields asks the documents of an array only; mingo asks a scalar there as if each field were the scalar itself',
    (leaf, document) =>
      elementConditions(leaf).some((conditions) => !isValueForm(conditions)) &&
      metAt(document, leaf.path).reached.some((value) => typeof value !== 'object' && value !== undefined),
  ),
  row(
    'inside $elemMatch',
    [{ 'facts.a': { $elemMatch: { $mod: [2, 0] } } }, { a: [null] }],
    'Any of the others, met by the conditions on an element',
    (leaf, document) => {
      const conditions = elementConditions(leaf);
      return metAt(document, leaf.path)
        .reached.filter((value) => value !== undefined)
        .some((element) => conditions.some((condition) => insideApplies(condition, element)));
    },
  ),
];

function insideApplies(conditions: JsonObject, element: Json): boolean {
  const onValue = isValueForm(conditions);
  const document = onValue || !isObject(element) ? { element } : element;
  const fields: JsonObject = onValue ? { element: conditions } : conditions;
  return Object.keys(fields).some((field) => {
    const condition = fields[field] as Json;
    const operators =
      isObject(condition) && Object.keys(condition)[0]?.startsWith('$') ? condition : { $eq: condition };
    return Object.keys(operators).some((operator) => {
      const leaf: Leaf = { path: [field], operator, operand: operators[operator] as Json };
      return differences.some((difference) => difference.applies(leaf, document)) || (isArray(element) && onValue);
    });
  });
}
