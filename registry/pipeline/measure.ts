import { type Json, type JsonObject, limits, shownPath } from '../../core/index.ts';
import { RegistryError } from '../errors.ts';

/** The parts of a registration that may hold anything. */
export interface OpenParts {
  readonly facts: JsonObject;
  readonly extra: JsonObject;
}

/** What {@link measure} found on its way. */
export interface Measured {
  /** Scalars, and containers that hold nothing. */
  readonly leaves: number;
  /** True where a key has to be coded before it can be stored. */
  readonly specialKeys: boolean;
  /** True where a number stands that may have been written with more digits than a double holds. */
  readonly largeNumbers: boolean;
}

interface Count {
  leaves: number;
  specialKeys: boolean;
  largeNumbers: boolean;
  tooDeep: boolean;
  loneSurrogate: boolean;
}

/** Half of a surrogate pair alone: a text that cannot be written as UTF-8. */
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const SURROGATE = /[\ud800-\udfff]/;
const SPECIAL_KEY = /[%.\0\ud800-\udfff]|^\$|^__proto__$/;

const hasLoneSurrogate = (text: string): boolean => SURROGATE.test(text) && LONE_SURROGATE.test(text);

/**
 * Holds facts and extra against their bounds: 32 levels, 20,000 leaves together. Where one is broken, a second walk
 * finds the field to name.
 * @throws RegistryError `registration_too_deep`, `registration_too_many_leaves`, `message_not_utf8` (half a surrogate
 * pair, which no UTF-8 can hold).
 */
export function measure(parts: OpenParts): Measured {
  const count = newCount();
  walk(parts.facts, 0, count);
  walk(parts.extra, 0, count);
  if (count.tooDeep) throw tooDeep(parts);
  if (count.leaves > limits.leavesMax) throw tooManyLeaves(parts, count.leaves);
  if (count.loneSurrogate) throw loneSurrogate(parts);
  return count;
}

function newCount(): Count {
  return { leaves: 0, specialKeys: false, largeNumbers: false, tooDeep: false, loneSurrogate: false };
}

function walk(value: Json, depth: number, count: Count): void {
  if (typeof value === 'string') {
    count.leaves += 1;
    if (hasLoneSurrogate(value)) count.loneSurrogate = true;
  } else if (typeof value !== 'object' || value === null) {
    count.leaves += 1;
    // Beyond this every double is whole, and infinity is what 1e400 became.
    if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER) count.largeNumbers = true;
  } else if (depth === limits.depthMax) {
    count.tooDeep = true;
  } else if (Array.isArray(value)) {
    if (value.length === 0) count.leaves += 1;
    for (let i = 0; i < value.length; i++) walk(value[i] as Json, depth + 1, count);
  } else {
    const keys = Object.keys(value);
    // Facts or extra that hold nothing are no leaf.
    if (keys.length === 0 && depth > 0) count.leaves += 1;
    for (const key of keys) {
      if (SPECIAL_KEY.test(key)) {
        count.specialKeys = true;
        if (hasLoneSurrogate(key)) count.loneSurrogate = true;
      }
      walk((value as JsonObject)[key] as Json, depth + 1, count);
    }
  }
}

/** The path of the first place where `wrong` holds, depth counted from the part. */
function locate(parts: OpenParts, wrong: (value: Json, key: string, depth: number) => boolean): string[] {
  const search = (value: Json, path: string[]): string[] | undefined => {
    if (wrong(value, path.at(-1) ?? '', path.length - 1)) return path;
    if (typeof value !== 'object' || value === null || path.length > limits.depthMax) return undefined;
    for (const key of Object.keys(value)) {
      const found = search((value as JsonObject)[key] as Json, [...path, key]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return search(parts.facts, ['facts']) ?? search(parts.extra, ['extra']) ?? ['facts'];
}

function tooDeep(parts: OpenParts): RegistryError {
  const path = locate(
    parts,
    (value, _key, depth) => depth === limits.depthMax && typeof value === 'object' && value !== null,
  );
  const field = shownPath(path.slice(0, 2));
  return new RegistryError('registration_too_deep', `${field} is nested deeper than ${limits.depthMax} levels`, {
    field,
    value: `over ${limits.depthMax} levels`,
  });
}

function loneSurrogate(parts: OpenParts): RegistryError {
  const path = locate(
    parts,
    (value, key) => hasLoneSurrogate(key) || (typeof value === 'string' && hasLoneSurrogate(value)),
  );
  const field = shownPath(path);
  return new RegistryError('message_not_utf8', `${field} holds half a surrogate pair, which is no character`, {
    field,
  });
}

/** Names the fact that holds most of the leaves; where no single one does, the facts (or extra) themselves. */
function tooManyLeaves(parts: OpenParts, leaves: number): RegistryError {
  let field = 'facts';
  for (const part of ['facts', 'extra'] as const) {
    for (const key of Object.keys(parts[part])) {
      const count = newCount();
      walk(parts[part][key] as Json, 1, count);
      if (count.leaves * 2 > leaves) field = shownPath([part, key]);
    }
  }
  return new RegistryError(
    'registration_too_many_leaves',
    `The registration has ${leaves} values, most of them in ${field}; at most ${limits.leavesMax} go`,
    { field, value: leaves },
  );
}
