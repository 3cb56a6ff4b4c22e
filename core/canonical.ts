import { createHash } from 'node:crypto';
import type { Json, JsonObject } from './json.ts';

/**
 * The one text form of a JSON value: keys sorted by code unit, no blanks, numbers as ECMAScript prints them with `-0`
 * as `0`. Equal data gives equal text whatever codec or key order it came in.
 */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value === 0 ? 0 : value);
  if (Array.isArray(value)) {
    let list = '[';
    for (let i = 0; i < value.length; i++) list += (i === 0 ? '' : ',') + canonicalJson(value[i] as Json);
    return `${list}]`;
  }
  let text = '{';
  const object = value as JsonObject;
  const keys = Object.keys(object).sort();
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    text += `${i === 0 ? '' : ','}${JSON.stringify(key)}:${canonicalJson(object[key] as Json)}`;
  }
  return `${text}}`;
}

/** SHA-256 of the canonical form, hex. */
export function digestOf(value: Json): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
