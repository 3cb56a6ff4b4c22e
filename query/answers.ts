import type { Account, FieldPath, Identity, Json, NodeDocument, NodeState } from '../core/index.ts';
import type { FeedPosition } from '../registry/index.ts';
import type { Query } from './language/ast.ts';

/*
 * What the read side answers, whoever asks: GraphQL, REST, the commands. Implemented by the columns.
 */

/** How to answer a query. */
export interface AnswerOptions {
  /** Nodes on this page; 0 for the account alone. */
  readonly first: number;
  /** Give nodes after this identity, by code-unit order of its lower-case form. */
  readonly after?: string | undefined;
  /** Leave out what MongoDB's rule returns though the account calls it unknown. */
  readonly requireKnown?: boolean | undefined;
  /**
   * Give only nodes in one of these states; where not said, those in service that are not missing. Missing and retired
   * nodes come as rows only where asked for here, judged by what is stored of them. Rows alone are narrowed: the account
   * speaks of the query, so missing nodes stay unknown in it and retired ones outside.
   */
  readonly states?: readonly NodeState[] | undefined;
}

/** One page of the nodes that match, in the order of identity, and the account of all. */
export interface Answer {
  readonly rows: readonly NodeRow[];
  /** Nodes on all pages together: `account.matched`, unless states were asked for. */
  readonly count: number;
  readonly account: Account;
  readonly hasNextPage: boolean;
  /** True where `after` was given and nodes stand before this page. */
  readonly hasPreviousPage: boolean;
}

/** A node as the columns know it; values are read when asked for. */
export interface NodeRow {
  readonly identity: Identity;
  readonly lastseen: number;
  readonly interval: number | null;
  readonly state: NodeState;
  /** Seconds since lastseen, by the clock of the answer. */
  readonly age: number;
  /** The value at a path, keys decoded; undefined where there is none. Objects are put together from their columns. */
  value(path: FieldPath): Json | undefined;
}

/** How often each value of a path stands among the nodes that match. */
export interface Facet {
  readonly path: FieldPath;
  /** Most frequent first, then by value; at most the limit. An array counts once for each of its elements. */
  readonly values: readonly { readonly value: Json; readonly count: number }[];
  /** Different values in all, beyond the limit too. */
  readonly distinct: number;
  /** Matching nodes that have no such fact. */
  readonly absent: number;
}

/** The read side. Every call sees every write whose position `waitFor` has resolved. */
export interface QueryEngine {
  answer(query: Query, options: AnswerOptions): Promise<Answer>;
  facets(
    query: Query,
    paths: readonly FieldPath[],
    limit: number,
  ): Promise<{ readonly facets: readonly Facet[]; readonly account: Account }>;
  /** One node whatever its state, retired too; from the columns, without its document. */
  row(identity: Identity): NodeRow | undefined;
  /** Whole documents from the store, keys coded. */
  documents(identities: readonly Identity[]): Promise<readonly (NodeDocument | undefined)[]>;
  /** Resolves when every write up to the position is visible. */
  waitFor(position: FeedPosition): Promise<void>;
  /** False until the first load is done. */
  readonly ready: boolean;
}
