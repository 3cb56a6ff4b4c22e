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

interface Rule {
  readonly matches: (key: string) => boolean;
  readonly below: Rule[];
  /** True where a pattern ends here: the whole value is volatile. */
  whole: boolean;
  readonly pattern: string;
}

/** Compiled volatile patterns; made once at start. */
export interface VolatileRules {
  readonly rules: readonly Rule[];
}

/** Compiles patterns such as `mountpoints.*.used*`. */
export function compileVolatile(patterns: readonly string[]): VolatileRules {
  const top: Rule[] = [];
  for (const pattern of patterns) {
    let level = top;
    const segments = parseFieldPath(pattern, 'facts.volatile').map(codeKey);
    segments.forEach((segment, i) => {
      let rule = level.find((candidate) => candidate.pattern === segment);
      if (rule === undefined) {
        rule = { pattern: segment, matches: segmentMatcher(segment), below: [], whole: false };
        level.push(rule);
      }
      if (i === segments.length - 1) rule.whole = true;
      level = rule.below;
    });
  }
  return { rules: top };
}

function segmentMatcher(segment: string): (key: string) => boolean {
  if (segment === '*') return () => true;
  if (segment.endsWith('*')) {
    const prefix = segment.slice(0, -1);
    return (key) => key.startsWith(prefix);
  }
  return (key) => key === segment;
}

/** Facts in two parts of the same shape: what counts as content, and what moves by itself. */
export interface SplitFacts {
  readonly facts: JsonObject;
  readonly volatile: JsonObject;
}

/** Splits facts, their keys coded, by the rules. What the rules do not touch is shared with the input, not copied. */
export function splitVolatile(facts: JsonObject, rules: VolatileRules): SplitFacts {
  const { kept, moved } = splitLevel(facts, rules.rules);
  return { facts: kept, volatile: moved ?? {} };
}

function splitLevel(object: JsonObject, rules: readonly Rule[]): { kept: JsonObject; moved: JsonObject | undefined } {
  let kept: Record<string, Json> | undefined;
  let moved: Record<string, Json> | undefined;
  const take = (key: string, value: Json): void => {
    moved ??= {};
    moved[key] = value;
  };
  for (const key of Object.keys(object)) {
    const hits = rules.filter((rule) => rule.matches(key));
    if (hits.length === 0) continue;
    const value = object[key] as Json;
    if (hits.some((rule) => rule.whole)) {
      kept ??= { ...object };
      delete kept[key];
      take(key, value);
      continue;
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
    const inner = splitLevel(
      value as JsonObject,
      hits.flatMap((rule) => rule.below),
    );
    if (inner.moved === undefined) continue;
    kept ??= { ...object };
    kept[key] = inner.kept;
    take(key, inner.moved);
  }
  return { kept: kept ?? object, moved };
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
