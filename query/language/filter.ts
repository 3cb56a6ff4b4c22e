import { shownValue } from '../../core/index.ts';
import type { Condition, Query } from './ast.ts';
import { queryLimits } from './bounds.ts';
import { compoundTree, parseCompound } from './compound.ts';
import { QueryError } from './errors.ts';
import { parseFactString } from './fact-string.ts';
import {
  agentCondition,
  allOf,
  classCondition,
  compoundCondition,
  factCondition,
  identityCondition,
} from './filter-conditions.ts';
import { queryOf } from './json-query.ts';

/** MCollective's filter options as a command collects them. */
export interface FilterOptions {
  /** `-F`: `os.name=Debian`, `cores>=8`, `customer=/^ac/`. */
  readonly facts?: readonly string[] | undefined;
  /** `-C`: a class name or `/re/`. */
  readonly classes?: readonly string[] | undefined;
  /** `-A`: an agent name or `/re/`. */
  readonly agents?: readonly string[] | undefined;
  /** `-I`: an identity or `/re/`; one of several must match. */
  readonly identities?: readonly string[] | undefined;
  /** `-W`: words that are facts or classes, blanks between. */
  readonly with?: readonly string[] | undefined;
  /** `-S`: a compound filter. */
  readonly compound?: string | undefined;
  /** `-T`: a collective. */
  readonly collective?: string | undefined;
}

/**
 * The query of MCollective's filter options; all of them must hold. Without any it finds every node.
 * @throws QueryError `query_syntax` naming the option, `query_regex_invalid`, `query_invalid` for data plugins,
 *   `query_too_large`.
 */
export function parseFilter(options: FilterOptions): Query {
  const parts: Condition[] = [];
  for (const text of options.facts ?? []) parts.push(factOf(text));
  for (const text of options.classes ?? []) parts.push(classCondition(nonEmpty(text, 'class')));
  for (const text of options.agents ?? []) parts.push(agentCondition(nonEmpty(text, 'agent')));
  if (options.identities !== undefined && options.identities.length > 0) {
    bounded(options.identities.length, queryLimits.listMax, 'identity');
    parts.push(identityCondition(options.identities.map((text) => nonEmpty(text, 'identity'))));
  }
  for (const text of options.with ?? []) parts.push(...withConditions(text));
  if (options.compound !== undefined) {
    bounded(options.compound.length, queryLimits.textCharactersMax, 'compound');
    const tokens = parseCompound(options.compound);
    bounded(tokens.length, queryLimits.clausesMax, 'compound');
    const tree = compoundTree(tokens);
    if (tree !== undefined) parts.push(compoundCondition(tree));
  }
  if (options.collective !== undefined)
    parts.push({ kind: 'field', path: ['collectives'], test: { op: '$eq', value: options.collective } });
  bounded(parts.length, queryLimits.clausesMax, 'filter');
  return queryOf(allOf(parts));
}

function factOf(text: string): Condition {
  const filter = parseFactString(text);
  if (filter === undefined)
    throw new QueryError(
      'query_syntax',
      `Could not parse fact ${shownValue(text)} it does not appear to be in a valid format`,
      {
        field: 'fact',
        value: shownValue(text),
        remedy: 'Write name=value, name>=8, name!=value or name=/re/',
      },
    );
  return factCondition(filter.fact, filter.operator, filter.value);
}

/** The words of `-W`: those that read as a fact are one, every other is a class. */
function withConditions(text: string): readonly Condition[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => {
      const fact = parseFactString(word);
      return fact === undefined ? classCondition(word) : factCondition(fact.fact, fact.operator, fact.value);
    });
}

function nonEmpty(text: string, kind: string): string {
  if (text === '') throw new QueryError('query_syntax', `The ${kind} filter is empty`, { field: kind });
  return text;
}

function bounded(count: number, most: number, what: string): void {
  if (count > most)
    throw new QueryError('query_too_large', `The ${what} filter has ${count} parts, over ${most}`, { field: what });
}
