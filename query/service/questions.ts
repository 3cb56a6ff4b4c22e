import { isJsonObject, type Json, shownValue } from '../../core/index.ts';
import type { Query } from '../language/ast.ts';
import { parseFilter, parseJsonQuery, parseQueryText, queryLimits, queryOf } from '../language/index.ts';
import { ServiceError } from './service-error.ts';
import { serviceLimits } from './service-limits.ts';

/** The question that every node matches. */
export const EVERY_NODE: Query = Object.freeze({ where: Object.freeze({ kind: 'and', of: [] }), mongo: {} });

/** The ways to say which nodes are meant; all that are given must hold. Names beside them: the flags of mc-find. */
export interface QuestionText {
  /** A MongoDB document, or its relaxed text: `{'facts.customer': 'acme', classes: 'mysql::master'}`. */
  readonly query?: Json | undefined;
  /** `-W`: facts and classes mixed, `environment=development mysql::master`. */
  readonly filter?: string | readonly string[] | undefined;
  /** `-F`: `os.name=Debian`, `uptime_days>300`; each must hold. */
  readonly fact?: readonly string[] | undefined;
  /** `-C`: a class or /regex/; each must hold. */
  readonly class?: readonly string[] | undefined;
  /** `-A`: an agent or /regex/; each must hold. */
  readonly agent?: readonly string[] | undefined;
  /** `-I`: an identity or /regex/; any may hold. */
  readonly identity?: readonly string[] | undefined;
  /** `-S`: a compound filter, `os.name=Debian and not apache`. */
  readonly select?: string | undefined;
  /** `-T`: a collective. */
  readonly collective?: string | undefined;
}

/** Makes the query of a question. Throws the errors of query/language. */
export type QuestionReader = (text: QuestionText) => Query;

/**
 * A reader that keeps the parsed form of short questions, least lately used thrown away first. What is kept is how the
 * question reads, never its answer.
 */
export function createQuestionReader(onRead: (kept: boolean) => void = () => {}): QuestionReader {
  const kept = new Map<string, Query>();
  return (text) => {
    const key = keyOf(text);
    const found = key === undefined ? undefined : kept.get(key);
    if (key !== undefined && found !== undefined) {
      kept.delete(key);
      kept.set(key, found);
      onRead(true);
      return found;
    }
    onRead(false);
    const query = readQuestion(text);
    if (key !== undefined && key.length <= serviceLimits.parsedQueryTextMax) {
      kept.set(key, query);
      if (kept.size > serviceLimits.parsedQueriesMax) kept.delete(kept.keys().next().value as string);
    }
    return query;
  };
}

/** The commonest question, one text alone, is its own key. Undefined for documents too deep to be written as JSON. */
function keyOf(text: QuestionText): string | undefined {
  const { query, filter, fact, class: classes, agent, identity, select, collective } = text;
  const others = [filter, fact, classes, agent, identity, select, collective];
  if (typeof query === 'string' && others.every((other) => other === undefined)) return `q${query}`;
  if (isDeeper(query, queryLimits.depthMax)) return undefined;
  return JSON.stringify([query ?? null, ...others.map((other) => other ?? null)]);
}

/** True where a value has more levels than `levels`; looks no deeper than that. */
function isDeeper(value: Json | undefined, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((below) => isDeeper(below, levels - 1));
}

function readQuestion(text: QuestionText): Query {
  const filters = parseFilter({
    facts: text.fact,
    classes: text.class,
    agents: text.agent,
    identities: text.identity,
    with: typeof text.filter === 'string' ? [text.filter] : text.filter,
    compound: text.select,
    collective: text.collective,
  });
  if (text.query === undefined || text.query === null) return filters;
  const query = readQuery(text.query);
  const filtered = filters.where.kind !== 'and' || filters.where.of.length > 0;
  return filtered ? queryOf({ kind: 'and', of: [query.where, filters.where] }) : query;
}

function readQuery(query: Json): Query {
  if (typeof query === 'string') return parseQueryText(query);
  if (isJsonObject(query)) return parseJsonQuery(query);
  throw new ServiceError('argument_invalid', `query is ${shownValue(query)}, a document or its text was expected`, {
    field: 'query',
    value: shownValue(query),
  });
}
