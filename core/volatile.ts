import type { Config } from './config-schema.ts';
import { codeKey, parseFieldPath } from './fact-path.ts';
import type { Json, JsonObject } from './json.ts';

/**
 * Facts that move by themselves. They are stored and queryable at once, but never move `changed` nor count as content.
 * `*` stands for one whole segment, or for the rest of one: `mountpoints.*.used*`.
 */
export const VOLATILE_FACTS: readonly string[] = Object.freeze([
  'load_averages.*',
  'memory.*.available*',
  'memory.*.used*',
  'memory.*.capacity',
  'system_uptime.*',
  'uptime*',
  'mountpoints.*.available*',
  'mountpoints.*.used*',
  'mountpoints.*.capacity',
  'processors.speed',
  'memoryfree',
  'memoryfree_mb',
  'swapfree',
  'swapfree_mb',
]);

/** The volatile patterns of a configuration: the built-in list and the setting's. */
export function volatilePatterns(config: Config): readonly string[] {
  return [...VOLATILE_FACTS, ...config.facts.volatile];
}

/** What the patterns say of one level of nesting: rules by their exact key, and those that begin alike. */
interface Level {
  readonly exact: Map<string, Rule>;
  readonly prefixed: Rule[];
}

interface Rule {
  readonly prefix: string;
  readonly below: Level;
  /** True where a pattern ends here: the whole value is volatile. */
  whole: boolean;
}

/** Compiled volatile patterns; made once at start. */
export interface VolatileRules {
  readonly top: Level;
}

/** Compiles patterns such as `mountpoints.*.used*`. */
export function compileVolatile(patterns: readonly string[]): VolatileRules {
  const top = newLevel();
  for (const pattern of patterns) {
    let level = top;
    let rule: Rule | undefined;
    for (const segment of parseFieldPath(pattern, 'facts.volatile').map(codeKey)) {
      rule = ruleFor(level, segment);
      level = rule.below;
    }
    if (rule !== undefined) rule.whole = true;
  }
  return { top };
}

function newLevel(): Level {
  return { exact: new Map(), prefixed: [] };
}

function ruleFor(level: Level, segment: string): Rule {
  const isPrefix = segment.endsWith('*');
  const prefix = isPrefix ? segment.slice(0, -1) : segment;
  const known = isPrefix ? level.prefixed.find((rule) => rule.prefix === prefix) : level.exact.get(prefix);
  if (known !== undefined) return known;
  const rule: Rule = { prefix, below: newLevel(), whole: false };
  if (isPrefix) level.prefixed.push(rule);
  else level.exact.set(prefix, rule);
  return rule;
}

/** Facts in two parts of the same shape: what counts as content, and what moves by itself. */
export interface SplitFacts {
  readonly facts: JsonObject;
  readonly volatile: JsonObject;
}

/** Splits facts by the rules. What the rules do not touch is shared with the input, not copied. */
export function splitVolatile(facts: JsonObject, rules: VolatileRules): SplitFacts {
  const { kept, moved } = splitLevel(facts, [rules.top]);
  return { facts: kept, volatile: moved ?? {} };
}

/** What is left of an object and what was taken out; a key may be spoken of by several levels, of several patterns. */
function splitLevel(
  object: JsonObject,
  levels: readonly Level[],
): { readonly kept: JsonObject; readonly moved: JsonObject | undefined } {
  let kept: Record<string, Json> | undefined;
  let moved: Record<string, Json> | undefined;
  const keys = Object.keys(object);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    const value = object[key] as Json;
    const hits = hitsOf(key, levels);
    const part = hits === undefined ? undefined : splitValue(value, hits);
    if (part !== undefined) {
      // Copied key by key: an object that a key was deleted from stays slow to read and to write.
      kept ??= copyOf(object, keys, i);
      moved ??= {};
      moved[key] = part.moved;
      if (part.kept !== undefined) kept[key] = part.kept;
    } else if (kept !== undefined) {
      kept[key] = value;
    }
  }
  return { kept: kept ?? object, moved };
}

function hitsOf(key: string, levels: readonly Level[]): Rule[] | undefined {
  let hits: Rule[] | undefined;
  for (const level of levels) {
    const exact = level.exact.get(key);
    if (exact !== undefined) {
      hits ??= [];
      hits.push(exact);
    }
    for (const rule of level.prefixed) {
      if (!key.startsWith(rule.prefix)) continue;
      hits ??= [];
      hits.push(rule);
    }
  }
  return hits;
}

/** What of a value moves and what stays; undefined where all of it stays. */
function splitValue(value: Json, hits: readonly Rule[]): { readonly kept?: Json; readonly moved: Json } | undefined {
  if (hits.some((rule) => rule.whole)) return { moved: value };
  if (!isPlain(value)) return undefined;
  const { kept, moved } = splitLevel(
    value,
    hits.map((rule) => rule.below),
  );
  return moved === undefined ? undefined : { kept, moved };
}

function copyOf(object: JsonObject, keys: readonly string[], count: number): Record<string, Json> {
  const copy: Record<string, Json> = {};
  for (let i = 0; i < count; i++) copy[keys[i] as string] = object[keys[i] as string] as Json;
  return copy;
}

/** The two parts of {@link splitVolatile} as one again. */
export function mergeVolatile(facts: JsonObject, volatile: JsonObject): JsonObject {
  const keys = Object.keys(volatile);
  if (keys.length === 0) return facts;
  const merged: Record<string, Json> = { ...facts };
  for (const key of keys) {
    const moved = volatile[key] as Json;
    const kept = merged[key];
    merged[key] = isPlain(kept) && isPlain(moved) ? mergeVolatile(kept, moved) : moved;
  }
  return merged;
}

function isPlain(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
