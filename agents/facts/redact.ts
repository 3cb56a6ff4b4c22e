import {
  codeKeys,
  compileVolatile,
  decodeKeys,
  type JsonObject,
  splitVolatile,
  type VolatileRules,
} from '../../core/index.ts';

/**
 * Facts split in two by patterns of the kind that `facts.volatile` and `facts.redact` hold: what the patterns do not
 * touch, and what they do. Keys are plain on both sides.
 */
export function splitFacts(facts: JsonObject, rules: VolatileRules): { rest: JsonObject; taken: JsonObject } {
  const split = splitVolatile(codeKeys(facts) as JsonObject, rules);
  return { rest: decodeKeys(split.facts) as JsonObject, taken: decodeKeys(split.volatile) as JsonObject };
}

/** A function that takes out what `facts.redact` names. */
export function redactor(patterns: readonly string[]): (facts: JsonObject) => JsonObject {
  if (patterns.length === 0) return (facts) => facts;
  const rules = compileVolatile(patterns);
  return (facts) => splitFacts(facts, rules).rest;
}
