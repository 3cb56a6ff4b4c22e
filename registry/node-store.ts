import {
  type EpochSeconds,
  type Identity,
  type Json,
  type JsonObject,
  MusterError,
  type NodeDocument,
  type NormalisedRegistration,
  type Source,
} from '../core/index.ts';

/*
 * The contract of a node store. Two implementations keep it (embedded, MongoDB), and one suite proves it for each.
 *
 * Documents handed in and out hold coded keys (core/fact-path.ts). `apply` is the only way to write nodes; it decides
 * replay, ownership and change atomically for each node, so that several registries may share one store. What `apply`
 * has resolved is on disk. Every write moves the store's position; the feed gives all that moved since a position.
 */

/** What a node store throws and rejects with. */
export class StoreError extends MusterError {}

/**
 * A place in the store's change feed: opaque, of this store alone (another store, or this one made anew, does not know
 * it), compared only by {@link NodeStore.comparePositions}.
 */
export type FeedPosition = string & { readonly __brand: 'FeedPosition' };

/** When a message was made, by its sender: newer is a greater msgtime, or the same and a greater sequence. */
export interface MessageOrder {
  /** Unix seconds by the sender's clock. */
  readonly msgtime: number;
  readonly sequence: number;
}

/** One thing to be done to one node. */
export type NodeChange =
  | {
      readonly kind: 'register';
      readonly registration: NormalisedRegistration;
      readonly source: Source;
      /** When it came, by the registry's clock. */
      readonly receivedAt: EpochSeconds;
      /** Absent where the sender gives no order (HTTP by token): then it always counts as newer. */
      readonly order?: MessageOrder;
      /** An administrator's: never `owned`, whoever owns the document. */
      readonly byAdmin?: true;
    }
  | { readonly kind: 'retire'; readonly identity: Identity; readonly at: EpochSeconds }
  | { readonly kind: 'restore'; readonly identity: Identity; readonly at: EpochSeconds }
  | { readonly kind: 'forget'; readonly identity: Identity; readonly at: EpochSeconds };

/**
 * What became of a change.
 * - `inserted`, `changed`, `unchanged` (only lastseen and volatile moved), `retired`, `restored`, `forgotten`: done.
 * - `duplicate`: the order equals the stored one; nothing written, to be acknowledged.
 * - `replayed`: the order is older than the stored one; refused.
 * - `owned`: `proof: shared` met a document of a proven caller, or a token (an admin's too) met one of a key or
 *   certificate; refused.
 * - `is-retired`: the node is retired and does not come back by registering; refused.
 * - `unknown`: retire, restore or forget of a node that is not there.
 */
export type ChangeOutcome =
  | 'inserted'
  | 'changed'
  | 'unchanged'
  | 'retired'
  | 'restored'
  | 'forgotten'
  | 'duplicate'
  | 'replayed'
  | 'owned'
  | 'is-retired'
  | 'unknown';

/** The result of one change, in the order of the batch. */
export interface ChangeResult {
  readonly outcome: ChangeOutcome;
  readonly identity: Identity;
  /** The node's revision after the change; the stored one where nothing was written, 0 where there is no node. */
  readonly revision: number;
}

/** What a batch did; `position` is at or after every write in it, for `waitFor` of whoever follows the feed. */
export interface ApplyResult {
  readonly results: readonly ChangeResult[];
  readonly position: FeedPosition;
}

/** One movement of the store. `node` documents carry volatile facts merged in. */
export type FeedEvent =
  | { readonly kind: 'upsert'; readonly node: NodeDocument }
  /** Only lastseen, source and the like moved. */
  | {
      readonly kind: 'seen';
      readonly identity: Identity;
      readonly lastseen: EpochSeconds;
      readonly revision: number;
      readonly interval: number | null;
      readonly source: NodeDocument['source'];
    }
  /** As `seen`, and the volatile facts are now these (all of them). */
  | {
      readonly kind: 'volatile';
      readonly identity: Identity;
      readonly lastseen: EpochSeconds;
      readonly revision: number;
      readonly interval: number | null;
      readonly source: NodeDocument['source'];
      readonly volatile: JsonObject;
    }
  | { readonly kind: 'retire'; readonly identity: Identity; readonly revision: number; readonly at: EpochSeconds }
  | { readonly kind: 'forget'; readonly identity: Identity; readonly revision: number };

/** Events in the order of their writes, and the position after them. */
export interface FeedBatch {
  readonly events: readonly FeedEvent[];
  readonly position: FeedPosition;
}

/** What a store can and cannot do; where it cannot, callers fall back. */
export interface StoreCapabilities {
  /** `push`: events come as they happen; `poll`: up to a second late. */
  readonly feed: 'push' | 'poll';
}

/** A query as a store takes it: query/language makes one. A server takes `mongo`, others run `matches` on each document. */
export interface Selector {
  /** The validated MongoDB document; undefined where the query holds tests that MongoDB does not have. */
  readonly mongo: Json | undefined;
  readonly matches: (node: NodeDocument) => boolean;
}

/** A store of node documents. Errors: StoreError `store_unavailable`, `store_full`, `store_corrupt`. */
export interface NodeStore {
  readonly kind: 'embedded' | 'mongodb';
  readonly capabilities: StoreCapabilities;
  /**
   * Applies a batch in order. A node not known by its identity that calls itself by its fqdn takes over the document
   * (its `_id` and firstseen) of another identity with that fqdn, unless that one is bound by key, certificate or another token, or
   * retired; the other identity is then forgotten. Resolves when all of it is durable; a rejected batch wrote nothing that
   * counts.
   */
  apply(changes: readonly NodeChange[]): Promise<ApplyResult>;
  /** Documents by identity, in the order asked, undefined where there is none. Compared in lower case. */
  read(identities: readonly Identity[]): Promise<readonly (NodeDocument | undefined)[]>;
  /**
   * Every document, retired ones too, in slices, in the order of lower-case identity. Yields to other work between
   * slices. Rejects with the reason of `signal`, so that a part is not taken for the whole.
   */
  scan(options?: {
    readonly sliceSize?: number;
    readonly signal?: AbortSignal;
  }): AsyncIterable<readonly NodeDocument[]>;
  /** Documents that a query selects, retired ones too, in slices, in the order of identity. */
  find(
    selector: Selector,
    options?: { readonly sliceSize?: number; readonly signal?: AbortSignal },
  ): AsyncIterable<readonly NodeDocument[]>;
  /** Nodes in the store, retired ones too. */
  count(): Promise<number>;
  /** The position now: a scan begun after this call, and the feed from here, together miss nothing. */
  position(): Promise<FeedPosition>;
  /** Below 0 where `a` comes before `b`, 0 where they are the same place, above 0 where after. Both of this store. */
  comparePositions(a: FeedPosition, b: FeedPosition): number;
  /**
   * Everything that moved since `from`, then whatever moves, until `signal`. A node that moved several times may come
   * once, as it is now: a node retired meanwhile may come as an upsert with `retired`. Ends with StoreError
   * `feed_position_lost` where `from` is unknown or too old: scan again. Ends without an error by `signal` and when the
   * store closes. Several batches may carry the same position: it is a place to go on from, and moves only where all
   * before it was given.
   */
  changes(from: FeedPosition, signal: AbortSignal): AsyncIterable<FeedBatch>;
  /** Small records beside the nodes, as durable as they are. */
  readonly records: RecordStore;
  close(): Promise<void>;
}

/** The kinds of small records. */
export type RecordKind = 'key' | 'token' | 'deadletter' | 'setting' | 'set';

/** A small record: JSON under a kind and an id. */
export interface StoredRecord<T> {
  readonly id: string;
  readonly value: T;
}

/** Small durable records: enrolled keys, tokens, dead letters. Ids are at most 500 bytes; lists come in order of id. */
export interface RecordStore {
  get<T>(kind: RecordKind, id: string): Promise<T | undefined>;
  put<T>(kind: RecordKind, id: string, value: T): Promise<void>;
  /** Writes only where there is none; false, and nothing written, where there is one. */
  create<T>(kind: RecordKind, id: string, value: T): Promise<boolean>;
  /** False where there was none. */
  delete(kind: RecordKind, id: string): Promise<boolean>;
  list<T>(
    kind: RecordKind,
    options?: { readonly after?: string; readonly limit?: number },
  ): Promise<readonly StoredRecord<T>[]>;
  count(kind: RecordKind): Promise<number>;
}
