import { CoreError, shownValue } from './errors.ts';
import type { Json, JsonObject } from './json.ts';

/*
 * Paths and keys. A path is kept as its plain segments (`['facts', 'interfaces', 'eth0.100']`). Documents, in memory as
 * in the store, hold their fact keys percent-coded, so that a key may hold a dot, start with `$` or be `__proto__` and
 * still be addressed by MongoDB's dotted paths. Only what is shown to people or sent to programs is decoded.
 */

/** A path as its segments, uncoded: what the user wrote between the dots, quotes taken off. */
export type FieldPath = readonly string[];

/** The number that marks a document with coded keys; documents without one are read raw. */
export const DOCUMENT_FORMAT = 1;

/** The form of one key in a stored document: `%`, `.`, a leading `$`, `__proto__` and NUL are percent-coded. */
export function codeKey(key: string): string {
  if (key === '__proto__') return '%5F_proto__';
  if (!/[%.\0]|^\$/.test(key)) return key;
  return key.replace(/%/g, '%25').replace(/\./g, '%2E').replace(/\0/g, '%00').replace(/^\$/, '%24');
}

/** The key as it was sent, from its stored form. */
export function decodeKey(key: string): string {
  return key.includes('%')
    ? key.replace(/%(25|2E|24|5F|00)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : key;
}

/** The same value with every object key coded for storage. Objects without special keys are given back as they are. */
export function codeKeys(value: Json): Json {
  return mapKeys(value, codeKey);
}

/** The same value with every object key as it was sent. The result's objects have no prototype where keys need it. */
export function decodeKeys(value: Json): Json {
  return mapKeys(value, decodeKey);
}

function mapKeys(value: Json, map: (key: string) => string): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const mapped = value.map((item) => mapKeys(item, map));
    return mapped.some((item, i) => item !== value[i]) ? mapped : value;
  }
  let same = true;
  const entries: [string, Json][] = [];
  for (const key of Object.keys(value)) {
    const before = (value as JsonObject)[key] as Json;
    const after = mapKeys(before, map);
    const name = map(key);
    if (name !== key || after !== before) same = false;
    entries.push([name, after]);
  }
  if (same) return value;
  const result: Record<string, Json> = Object.create(null) as Record<string, Json>;
  for (const [key, after] of entries) result[key] = after;
  return result;
}

/** A path as MongoDB and the columns address it: coded segments joined by dots. */
export function storedPath(path: FieldPath): string {
  return path.map(codeKey).join('.');
}

/** A stored dotted path back to its plain segments. */
export function pathOfStored(stored: string): FieldPath {
  return stored.split('.').map(decodeKey);
}

/** A path as a person writes it: segments that need it in double quotes. {@link parseFieldPath} reads it back. */
export function shownPath(path: FieldPath): string {
  return path.map((part) => (/^[^."\\]+$/.test(part) ? part : JSON.stringify(part))).join('.');
}

/**
 * Reads a dotted path. A segment in double quotes may hold dots; inside, `\"` and `\\` stand for themselves.
 * @throws CoreError `fact_path_invalid` with the offset.
 */
export function parseFieldPath(text: string, field = 'path'): FieldPath {
  const segments: string[] = [];
  let at = 0;
  const fail = (why: string): never => {
    throw new CoreError('fact_path_invalid', `${field} ${shownValue(text)}: ${why}`, {
      field,
      value: shownValue(text),
      offset: at,
    });
  };
  for (;;) {
    if (text[at] === '"') {
      const start = at;
      at += 1;
      let segment = '';
      while (at < text.length && text[at] !== '"') {
        if (text[at] === '\\' && at + 1 < text.length) at += 1;
        segment += text[at];
        at += 1;
      }
      if (text[at] !== '"') {
        at = start;
        fail('a quote is not closed');
      }
      at += 1;
      segments.push(segment);
    } else {
      const dot = text.indexOf('.', at);
      const end = dot === -1 ? text.length : dot;
      if (end === at) fail('a part is empty');
      segments.push(text.slice(at, end));
      at = end;
    }
    if (at === text.length) return segments;
    if (text[at] !== '.') fail('a dot was expected after a quoted part');
    at += 1;
  }
}

/** The path of a fact from what people write for it: `os.name` and `facts.os.name` both give `['facts', 'os', 'name']`. */
export function factPath(text: string, field = 'path'): FieldPath {
  const path = parseFieldPath(text, field);
  return path[0] === 'facts' && path.length > 1 ? path : ['facts', ...path];
}

/** The value at coded segments below a document or facts, `undefined` where there is none. Arrays are not entered. */
export function valueAt(value: Json | undefined, codedSegments: readonly string[]): Json | undefined {
  let here: Json | undefined = value;
  for (const segment of codedSegments) {
    if (typeof here !== 'object' || here === null || Array.isArray(here)) return undefined;
    here = Object.hasOwn(here, segment) ? (here as JsonObject)[segment] : undefined;
  }
  return here;
}
