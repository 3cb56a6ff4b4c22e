import { createHash } from 'node:crypto';
import type { Json, JsonObject } from './json.ts';

/**
 * The one text form of a JSON value: keys sorted by code unit, no blanks, numbers as ECMAScript prints them with `-0`
 * as `0`. Equal data gives equal text whatever codec or key order it came in.
 */
export function canonicalJson(value: Json): string {
  const sorted = withSortedKeys(value);
  return sorted === UNSORTABLE ? written(value) : JSON.stringify(sorted);
}

/** SHA-256 of the canonical form, hex. */
export function digestOf(value: Json): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** Stands for a value of which no object can be made whose keys are listed in the order of code units. */
const UNSORTABLE = Symbol('unsortable');

/** Keys that an object lists first, by number; and the one that assigning does not make a key of. */
const OUT_OF_ORDER = /^(?:0|[1-9][0-9]*|__proto__)$/;

/**
 * The same value with the keys of every object in order, so that the engine's own writer, several times as fast as one of
 * ours, gives the canonical form.
 */
function withSortedKeys(value: Json): Json | typeof UNSORTABLE {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return withSortedItems(value);
  const object = value as JsonObject;
  const sorted: Record<string, Json> = {};
  for (const key of Object.keys(object).sort()) {
    if (OUT_OF_ORDER.test(key)) return UNSORTABLE;
    const below = withSortedKeys(object[key] as Json);
    if (below === UNSORTABLE) return UNSORTABLE;
    sorted[key] = below as Json;
  }
  return sorted;
}

function withSortedItems(list: readonly Json[]): Json | typeof UNSORTABLE {
  let sorted: Json[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const item = list[i] as Json;
    const below = withSortedKeys(item);
    if (below === UNSORTABLE) return UNSORTABLE;
    if (below === item) continue;
    sorted ??= [...list];
    sorted[i] = below as Json;
  }
  return sorted ?? list;
}

/** The canonical form written piece by piece, for keys that no object lists in order. */
function written(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(written).join(',')}]`;
  const object = value as JsonObject;
  const members = Object.keys(object)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${written(object[key] as Json)}`);
  return `{${members.join(',')}}`;
}
