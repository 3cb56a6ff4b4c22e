import { isJsonObject, type Json, type JsonObject, limits } from '../../core/index.ts';
import { AgentError } from '../agent-error.ts';

/*
 * Facts as values: made safe from what parsers give, put together, counted.
 */

/** An object for keys from outside: without a prototype, so that `__proto__` is a key like another. */
export function emptyFacts(): Record<string, Json> {
  return Object.create(null) as Record<string, Json>;
}

/** Levels below the facts that a source may use; facts themselves are one level of the registration. */
const DEPTH_MAX = limits.depthMax - 1;

/**
 * A parsed value as JSON: big integers and dates become text, numbers that JSON lacks too, NUL bytes are taken out.
 * Integers beyond 2^53 are kept as strings, since a double would change them.
 * @throws AgentError `registration_too_deep` naming the place.
 */
export function jsonOf(value: unknown, path: readonly string[] = []): Json {
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case 'string':
      return value.includes('\0') ? value.replaceAll('\0', '') : value;
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value);
    case 'object':
      break;
    default:
      return String(value);
  }
  if (path.length > DEPTH_MAX) {
    const field = path.slice(0, 4).join('.');
    throw new AgentError('registration_too_deep', `${field}… is nested deeper than ${limits.depthMax} levels`, {
      field,
    });
  }
  if (Array.isArray(value)) return value.map((item, i) => jsonOf(item, [...path, String(i)]));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  }
  const entries: Iterable<[unknown, unknown]> = value instanceof Map ? value.entries() : Object.entries(value);
  const object = emptyFacts();
  for (const [key, item] of entries) object[String(key)] = jsonOf(item, [...path, String(key)]);
  return object;
}

/**
 * Reads JSON; integers beyond 2^53 are kept as strings.
 * @throws SyntaxError
 */
export function parseJsonFacts(text: string): unknown {
  // Strings are matched first, so that digits inside them are left alone; numbers whole, so that no digits of a
  // fraction are taken for an integer.
  const exact = text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    token.length >= 16 && /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token,
  );
  return JSON.parse(exact);
}

/** The preferred facts with their gaps filled, at every depth, from the others. Arrays and scalars are not mixed. */
export function fillGaps(preferred: JsonObject, others: JsonObject): JsonObject {
  const filled = emptyFacts();
  for (const key of Object.keys(others)) filled[key] = others[key] as Json;
  for (const key of Object.keys(preferred)) {
    const mine = preferred[key] as Json;
    const theirs = filled[key];
    filled[key] = isJsonObject(mine) && isJsonObject(theirs) ? fillGaps(mine, theirs) : mine;
  }
  return filled;
}

/** The facts with the others' top-level names laid over them, whole. */
export function overlay(facts: JsonObject, over: JsonObject): JsonObject {
  const result = emptyFacts();
  for (const key of Object.keys(facts)) result[key] = facts[key] as Json;
  for (const key of Object.keys(over)) result[key] = over[key] as Json;
  return result;
}

/** Scalars in a value; empty arrays and objects count as one. */
export function leavesOf(value: Json): number {
  if (typeof value !== 'object' || value === null) return 1;
  let leaves = 0;
  for (const item of Array.isArray(value) ? value : Object.values(value as JsonObject)) leaves += leavesOf(item);
  return Math.max(leaves, 1);
}

/** Bytes of a value as JSON. */
export function bytesOf(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value));
}
