import { isUtf8 } from 'node:buffer';
import { firstBadByte, type Json, shownPath } from '../../core/index.ts';
import { RegistryError } from '../errors.ts';

/**
 * Reads JSON as the registry takes it: UTF-8 only; `__proto__` is a key like any other; of a key that comes twice the
 * last counts. Numbers come as doubles; where {@link measure} sees one that may not hold what was written, the text is
 * read again through {@link keepLargeNumbers}.
 * @throws RegistryError `message_not_utf8`, `message_truncated`, `message_malformed`.
 */
export function parseJson(bytes: Uint8Array): Json {
  if (!isUtf8(bytes)) throw notUtf8(bytes);
  const text = textOf(bytes);
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw malformed(text, cause);
  }
}

/** The text of bytes known to be UTF-8. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

const NUMBER = /-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

/** Puts quotes around the numbers of a valid JSON text that a double cannot hold: integers beyond 2^53, 1e400. */
export function keepLargeNumbers(text: string): { readonly text: string; readonly count: number } {
  let count = 0;
  let exact = '';
  let copied = 0;
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === MINUS || (code >= ZERO && code <= NINE)) {
      NUMBER.lastIndex = at;
      const token = NUMBER.exec(text)?.[0] ?? text.charAt(at);
      if (isTooLarge(token)) {
        exact += `${text.slice(copied, at)}"${token}"`;
        copied = at + token.length;
        count += 1;
      }
      at += token.length;
    } else {
      at += 1;
    }
  }
  return { text: exact + text.slice(copied), count };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** The place after the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at + 1;
}

function isTooLarge(token: string): boolean {
  const value = Number(token);
  if (!Number.isFinite(value)) return true;
  return /^-?[0-9]+$/.test(token) && !Number.isSafeInteger(value);
}

/** `message_not_utf8` for these bytes, with the offset of the first that cannot be read and the field where told. */
export function notUtf8(bytes: Uint8Array): RegistryError {
  const offset = firstBadByte(bytes);
  const field = fieldWithReplacement(bytes);
  return new RegistryError(
    'message_not_utf8',
    `${field === undefined ? 'The registration' : `The field ${field}`} holds bytes that are not UTF-8, from byte ${offset} on`,
    { offset, ...(field === undefined ? {} : { field }) },
  );
}

const SEARCH_DEPTH_MAX = 64;

/** Where a tolerant decoder puts the replacement character: the fact that an operator has to look at. */
function fieldWithReplacement(bytes: Uint8Array): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(textOf(bytes));
  } catch {
    return undefined;
  }
  const path = find(value, (text) => text.includes('\ufffd'), []);
  return path === undefined ? undefined : shownPath(path);
}

function find(value: unknown, bad: (text: string) => boolean, path: readonly string[]): readonly string[] | undefined {
  if (typeof value === 'string') return bad(value) ? path : undefined;
  if (typeof value !== 'object' || value === null || path.length > SEARCH_DEPTH_MAX) return undefined;
  for (const key of Object.keys(value)) {
    const below = [...path, key];
    if (bad(key)) return below;
    const found = find((value as Readonly<Record<string, unknown>>)[key], bad, below);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** JSON.parse tells apart by its words and position what ended too early and what is wrong. */
function malformed(text: string, cause: unknown): RegistryError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const position = /position (\d+)/.exec(why)?.[1];
  const offset = position === undefined ? undefined : Number(position);
  if (/end of JSON input|Unterminated string/i.test(why) || (offset !== undefined && offset >= text.length)) {
    return new RegistryError('message_truncated', `The registration ends unfinished after ${text.length} characters`, {
      offset: text.length,
      cause,
    });
  }
  const place = offset === undefined ? '' : ` at character ${offset}`;
  const nul = offset !== undefined && text[offset] === '\0' ? ', where a NUL byte stands' : '';
  return new RegistryError('message_malformed', `The registration is not JSON${place}${nul}`, {
    ...(offset === undefined ? {} : { offset }),
    cause,
  });
}
