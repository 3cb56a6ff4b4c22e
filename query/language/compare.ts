import type { Json, JsonObject } from '../../core/index.ts';
import type { TypeName } from './ast.ts';

/*
 * MongoDB's order and equality of values, as far as JSON goes: values of different types are never equal and never in
 * order with each other; objects are equal only with their keys in the same order; strings go by code point (MongoDB
 * compares UTF-8 bytes, which is the same order, and not that of JavaScript's `<`).
 */

/** The type that `$type` would name. */
export function typeOfValue(value: Json): TypeName {
  switch (typeof value) {
    case 'number':
      return 'number';
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    default:
      return value === null ? 'null' : Array.isArray(value) ? 'array' : 'object';
  }
}

/** Order of the types inside objects and arrays, after MongoDB's comparison order. */
const RANK: Readonly<Record<TypeName, number>> = { null: 0, number: 1, string: 2, object: 3, array: 4, bool: 5 };

/** Below 0, 0 or above 0 by code points. */
export function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // A surrogate stands for a code point above every unit that is none.
    const surrogateX = x >= 0xd800 && x <= 0xdfff;
    const surrogateY = y >= 0xd800 && y <= 0xdfff;
    if (surrogateX !== surrogateY) return surrogateX ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

/** Below 0, 0 or above 0; values of different types go by MongoDB's order of types. */
export function compareValues(a: Json, b: Json): number {
  const type = typeOfValue(a);
  const other = typeOfValue(b);
  if (type !== other) return RANK[type] - RANK[other];
  switch (type) {
    case 'number':
      return (a as number) === (b as number) ? 0 : (a as number) < (b as number) ? -1 : 1;
    case 'string':
      return compareTexts(a as string, b as string);
    case 'bool':
      return Number(a) - Number(b);
    case 'array':
      return compareArrays(a as readonly Json[], b as readonly Json[]);
    case 'object':
      return compareObjects(a as JsonObject, b as JsonObject);
    default:
      return 0;
  }
}

function compareArrays(a: readonly Json[], b: readonly Json[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const order = compareValues(a[i] as Json, b[i] as Json);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Field by field in their order: first the types, then the names, then the values. */
function compareObjects(a: JsonObject, b: JsonObject): number {
  const keysA = Object.keys(a);
  const keysB = Object.keys(b);
  const length = Math.min(keysA.length, keysB.length);
  for (let i = 0; i < length; i++) {
    const keyA = keysA[i] as string;
    const keyB = keysB[i] as string;
    const valueA = a[keyA] as Json;
    const valueB = b[keyB] as Json;
    const byType = RANK[typeOfValue(valueA)] - RANK[typeOfValue(valueB)];
    if (byType !== 0) return byType;
    const byName = compareTexts(keyA, keyB);
    if (byName !== 0) return byName;
    const byValue = compareValues(valueA, valueB);
    if (byValue !== 0) return byValue;
  }
  return keysA.length - keysB.length;
}

/** MongoDB's equality: `-0` equals `0`, objects count the order of their keys. */
export function equalValues(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  return Array.isArray(a) === Array.isArray(b) && compareValues(a, b) === 0;
}
