import { isJsonObject, type Json, type JsonObject } from '../../core/index.ts';
import type { Condition } from './ast.ts';
import { compoundTree } from './compound.ts';
import { QueryError } from './errors.ts';
import {
  ALWAYS,
  agentCondition,
  allOf,
  classCondition,
  compoundCondition,
  factCondition,
  identityCondition,
  isWireRegexp,
  NEVER,
  type WireRegexp,
} from './filter-conditions.ts';

/*
 * The filter of a request, as a stock node judges it (protocol page 2.4). It came over the network: whatever in it is
 * not understood makes it match nothing, and never throws.
 */

/** How the keys of a fact's entry came: `fact` in our JSON, `:fact` where a codec of MCollective's marks symbols. */
export type WireKeys = 'plain' | 'symbol';

const KINDS = ['fact', 'cf_class', 'agent', 'identity', 'compound'] as const;

/**
 * The condition of a wire filter `{ fact, cf_class, agent, identity, compound }`: every element of every key must pass,
 * of `identity` exactly one. A filter of which nothing passed matches nothing, but `{}` and five empty keys match all.
 */
export function conditionOfWireFilter(filter: unknown, keys: WireKeys = 'plain'): Condition {
  if (!isJsonObject(filter)) return NEVER;
  // Requests made by discovery carry the collective's name beside the five; it says nothing about the node.
  const names = Object.keys(filter).filter((name) => name !== 'collective');
  if (isEmptyFilter(filter, names)) return ALWAYS;
  const parts: Condition[] = [];
  for (const name of names) {
    const entries = filter[name];
    if (!isFilterKind(name)) continue;
    if (!Array.isArray(entries)) return NEVER;
    try {
      parts.push(...entriesOf(name, entries as readonly Json[], keys));
    } catch (error) {
      // A regular expression that cannot be used, or a data plugin that is not here: the stock node stays silent too.
      if (error instanceof QueryError) return NEVER;
      throw error;
    }
  }
  return parts.length === 0 ? NEVER : allOf(parts);
}

type FilterKind = (typeof KINDS)[number] | 'puppet_class';

function isFilterKind(name: string): name is FilterKind {
  return name === 'puppet_class' || (KINDS as readonly string[]).includes(name);
}

function isEmptyFilter(filter: JsonObject, names: readonly string[]): boolean {
  if (names.length === 0) return true;
  return (
    names.length === KINDS.length &&
    KINDS.every((kind) => {
      const entries = Object.hasOwn(filter, kind) ? filter[kind] : undefined;
      return Array.isArray(entries) && entries.length === 0;
    })
  );
}

function entriesOf(kind: FilterKind, entries: readonly Json[], keys: WireKeys): readonly Condition[] {
  switch (kind) {
    case 'fact':
      return entries.map((entry) => factEntry(entry, keys));
    case 'cf_class':
    case 'puppet_class':
      return entries.map((entry) => (typeof entry === 'string' ? classCondition(entry) : NEVER));
    case 'agent':
      return entries.map((entry) => (typeof entry === 'string' ? agentCondition(entry) : NEVER));
    case 'identity':
      return entries.length === 0 ? [] : [identityEntries(entries)];
    case 'compound':
      return entries.map(compoundEntry);
  }
}

function factEntry(entry: Json, keys: WireKeys): Condition {
  if (!isJsonObject(entry)) return NEVER;
  const mark = keys === 'symbol' ? ':' : '';
  const [name, operator, value] = ['fact', 'operator', 'value'].map((key) =>
    Object.hasOwn(entry, mark + key) ? entry[mark + key] : undefined,
  );
  if (typeof name !== 'string' || typeof operator !== 'string' || typeof value !== 'string') return NEVER;
  return factCondition(name, operator, value);
}

function identityEntries(entries: readonly Json[]): Condition {
  const known = entries.filter(
    (entry): entry is string | (Json & WireRegexp) => typeof entry === 'string' || isWireRegexp(entry),
  );
  return identityCondition(known);
}

function compoundEntry(entry: Json): Condition {
  if (!Array.isArray(entry)) return NEVER;
  const tree = compoundTree(entry as readonly Json[]);
  return tree === undefined || !leavesAreTexts(entry as readonly Json[]) ? NEVER : compoundCondition(tree);
}

function leavesAreTexts(tokens: readonly Json[]): boolean {
  return tokens.every((token) => {
    if (!isJsonObject(token)) return false;
    if ('statement' in token) return typeof token.statement === 'string';
    if (!('fstatement' in token)) return true;
    const call = token.fstatement;
    return (
      isJsonObject(call) &&
      typeof call.name === 'string' &&
      (call.params === null || call.params === undefined || typeof call.params === 'string') &&
      typeof call.operator === 'string' &&
      (typeof call.r_compare === 'string' || isWireRegexp(call.r_compare)) &&
      (call.value === undefined || typeof call.value === 'string')
    );
  });
}
