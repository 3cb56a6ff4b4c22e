import type { Json, JsonObject } from '../../core/index.ts';

/*
 * Hash and identity of stored values: type and content, the order of keys inside arrays' objects included, so that what
 * a column gives back is what was put in.
 */

const FNV_PRIME = 0x01000193;
const FNV_START = 0x811c9dc5;
const doubles = new Float64Array(1);
const halves = new Uint32Array(doubles.buffer);

/** Mixes the last bits of a hash over all of it; tables take the low ones. */
function finish(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  return (h ^ (h >>> 13)) >>> 0;
}

function mixText(hash: number, text: string): number {
  let h = hash;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), FNV_PRIME);
  return h;
}

function mix(hash: number, value: Json): number {
  switch (typeof value) {
    case 'string':
      return mixText(Math.imul(hash ^ 1, FNV_PRIME), value);
    case 'number':
      // `-0` is 0.
      doubles[0] = value + 0;
      return Math.imul(
        Math.imul(Math.imul(hash ^ 2, FNV_PRIME) ^ (halves[0] as number), FNV_PRIME) ^ (halves[1] as number),
        FNV_PRIME,
      );
    case 'boolean':
      return Math.imul(hash ^ (value ? 4 : 3), FNV_PRIME);
    default: {
      if (value === null) return Math.imul(hash ^ 5, FNV_PRIME);
      if (Array.isArray(value)) {
        let h = Math.imul(hash ^ 6, FNV_PRIME);
        for (let i = 0; i < value.length; i++) h = mix(h, value[i] as Json);
        return Math.imul(h ^ 7, FNV_PRIME);
      }
      let h = Math.imul(hash ^ 8, FNV_PRIME);
      for (const key of Object.keys(value)) h = mix(mixText(h, key), (value as JsonObject)[key] as Json);
      return Math.imul(h ^ 9, FNV_PRIME);
    }
  }
}

/** 32 bits, unsigned, of a value's type and content. */
export function hashValue(value: Json): number {
  return finish(mix(FNV_START, value));
}

/** True for the same type and content; `-0` is 0. */
export function sameValue(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!sameValue(a[i] as Json, b[i] as Json)) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  const keys = Object.keys(a);
  const others = Object.keys(b);
  if (keys.length !== others.length) return false;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    if (key !== others[i] || !sameValue((a as JsonObject)[key] as Json, (b as JsonObject)[key] as Json)) return false;
  }
  return true;
}

/** Types as bits, so that a set of them is a number. */
export const TYPE_BITS = Object.freeze({ number: 1, string: 2, bool: 4, object: 8, array: 16, null: 32 });

/** The bit of a value's type. */
export function typeBit(value: Json): number {
  switch (typeof value) {
    case 'number':
      return TYPE_BITS.number;
    case 'string':
      return TYPE_BITS.string;
    case 'boolean':
      return TYPE_BITS.bool;
    default:
      return value === null ? TYPE_BITS.null : Array.isArray(value) ? TYPE_BITS.array : TYPE_BITS.object;
  }
}

/** True for a value that stands at a column of its own: all but objects with something in them. */
export function isLeaf(value: Json): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return true;
  for (const key in value) if (Object.hasOwn(value, key)) return false;
  return true;
}
