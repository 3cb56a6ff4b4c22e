import { type Account, type Json, type NodeState, parseIdentity, parseNodeStates } from '../../../core/index.ts';
import type { QueryEngine } from '../../answers.ts';
import { cursorOf, identityOfCursor } from '../cursor.ts';
import type { ServiceMetrics } from '../metrics.ts';
import { tooMany } from '../node-fields.ts';
import type { QuestionReader, QuestionText } from '../questions.ts';
import { checkReady, shownFacet } from '../rest.ts';
import { ServiceError } from '../service-error.ts';
import { serviceLimits } from '../service-limits.ts';
import { facetPath, NodeParent, nodeResolvers } from './node-parent.ts';

/*
 * The resolvers. Parents are plain data (or a NodeParent): no property is a function, for the compiled executor would
 * call it.
 */

/** What the resolvers stand on. */
export interface ResolverParts {
  readonly engine: QueryEngine;
  readonly read: QuestionReader;
  readonly metrics: ServiceMetrics;
}

/** Arguments as GraphQL gives them: null for what was given as null. */
type Nullable<T> = { readonly [K in keyof T]: T[K] | null };

type NodesArguments = Nullable<QuestionText> & {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly requireKnown?: boolean | null;
  readonly state?: readonly NodeState[] | null;
};

type FacetsArguments = Nullable<QuestionText> & { readonly path: readonly string[]; readonly limit?: number | null };

interface Connection {
  readonly nodes: readonly NodeParent[];
  readonly pageInfo: Readonly<Record<string, Json>>;
  readonly totalCount: number;
  readonly account: Account;
}

/** The resolvers of the whole schema. */
export function createResolvers(parts: ResolverParts) {
  return {
    Query: {
      node: (_root: unknown, { identity }: { identity: string }) => {
        checkReady(parts.engine);
        const row = parts.engine.row(parseIdentity(identity));
        return row === undefined ? null : new NodeParent(row);
      },
      nodes: (_root: unknown, asked: NodesArguments) => answerNodes(parts, asked),
      facets: (_root: unknown, asked: FacetsArguments) => answerFacets(parts, asked),
    },
    Node: nodeResolvers,
    NodeConnection: {
      edges: (connection: Connection) =>
        connection.nodes.map((node) => ({ cursor: cursorOf(NodeParent.row(node).identity), node })),
    },
  };
}

async function answerNodes(parts: ResolverParts, asked: NodesArguments): Promise<Connection> {
  checkReady(parts.engine);
  const first = inRange('first', asked.first ?? serviceLimits.pageDefault, 0, serviceLimits.pageMax);
  const after = asked.after === undefined || asked.after === null ? undefined : identityOfCursor(asked.after);
  const requireKnown = asked.requireKnown ?? false;
  const states = asked.state === undefined || asked.state === null ? undefined : parseNodeStates(asked.state);
  const query = parts.read(questionOf(asked));
  const start = performance.now();
  const answer = await parts.engine.answer(query, { first, after, requireKnown, states });
  parts.metrics.question('graphql', 'nodes', (performance.now() - start) / 1000);
  const { rows } = answer;
  const [head, last] = [rows[0], rows.at(-1)];
  return {
    nodes: rows.map((row) => new NodeParent(row)),
    pageInfo: {
      hasNextPage: answer.hasNextPage,
      hasPreviousPage: answer.hasPreviousPage,
      startCursor: head === undefined ? null : cursorOf(head.identity),
      endCursor: last === undefined ? null : cursorOf(last.identity),
    },
    totalCount: answer.count,
    account: answer.account,
  };
}

async function answerFacets(parts: ResolverParts, asked: FacetsArguments) {
  checkReady(parts.engine);
  const { path: paths } = asked;
  if (paths.length === 0 || paths.length > serviceLimits.facetPathsMax) {
    tooMany('path', paths.length, serviceLimits.facetPathsMax);
  }
  const limit = inRange('limit', asked.limit ?? serviceLimits.facetValuesDefault, 1, serviceLimits.facetValuesMax);
  const query = parts.read(questionOf(asked));
  const start = performance.now();
  const { facets, account } = await parts.engine.facets(query, paths.map(facetPath), limit);
  parts.metrics.question('graphql', 'facets', (performance.now() - start) / 1000);
  return { facets: facets.map(shownFacet), account };
}

function questionOf(asked: Nullable<QuestionText>): QuestionText {
  return {
    query: asked.query ?? undefined,
    filter: asked.filter ?? undefined,
    fact: asked.fact ?? undefined,
    class: asked.class ?? undefined,
    agent: asked.agent ?? undefined,
    identity: asked.identity ?? undefined,
    select: asked.select ?? undefined,
    collective: asked.collective ?? undefined,
  };
}

function inRange(field: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value;
  throw new ServiceError('argument_invalid', `${field} is ${value}, a number from ${min} to ${max} was expected`, {
    field,
    value,
  });
}
