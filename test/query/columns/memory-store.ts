import {
  type EpochSeconds,
  type Identity,
  identityKey,
  type JsonObject,
  mergeVolatile,
  type NodeDocument,
} from '../../../core/index.ts';
import {
  type ApplyResult,
  type FeedBatch,
  type FeedEvent,
  type FeedPosition,
  type NodeStore,
  type RecordStore,
  StoreError,
} from '../../../registry/index.ts';

/*
 * A node store in memory whose events a test makes itself. Volatile facts are kept apart, so that a `volatile` event
 * replaces all of them, as the contract says.
 */

interface Kept {
  node: NodeDocument;
  volatile: JsonObject;
}

/** What a test does to it, beside the contract. */
export interface MemoryStore extends NodeStore {
  put(node: NodeDocument, volatile?: JsonObject): void;
  seen(identity: string, lastseen: number): void;
  moveVolatile(identity: string, volatile: JsonObject, lastseen?: number): void;
  retire(identity: string, at: number): void;
  forget(identity: string): void;
  /** Hands what happened since the last time to the followers, as one batch. */
  flush(): FeedPosition;
  /** Makes every position given so far unknown. */
  loseFeed(): void;
  /** Every document as it is now, in the order of identity. */
  all(): readonly NodeDocument[];
  has(identity: string): boolean;
  reads: number;
}

/** Makes an empty store. */
export function createMemoryStore(): MemoryStore {
  const kept = new Map<string, Kept>();
  const log: FeedBatch[] = [];
  let waiting: FeedEvent[] = [];
  let revision = 0;
  let epoch = 0;
  const wakes = new Set<() => void>();
  const positionOf = (n: number): FeedPosition => `${epoch}:${n}` as FeedPosition;
  const parse = (position: FeedPosition): number => {
    const [known, n] = position.split(':') as [string, string | undefined];
    if (Number(known) !== epoch || n === undefined) throw new StoreError('feed_position_lost', `No place ${position}`);
    return Number(n);
  };
  const documentOf = ({ node, volatile }: Kept): NodeDocument => ({
    ...node,
    facts: mergeVolatile(node.facts, volatile),
  });
  const keptOf = (identity: string): Kept => kept.get(identity.toLowerCase()) as Kept;
  const sorted = (): NodeDocument[] => [...kept.keys()].sort().map((key) => documentOf(kept.get(key) as Kept));

  const store: MemoryStore = {
    kind: 'embedded',
    capabilities: { feed: 'push' },
    records: undefined as unknown as RecordStore,
    reads: 0,
    put(node, volatile = {}) {
      revision += 1;
      const entry = { node: { ...node, revision }, volatile };
      kept.set(identityKey(node.identity), entry);
      waiting.push({ kind: 'upsert', node: documentOf(entry) });
    },
    seen(identity, lastseen) {
      revision += 1;
      const entry = keptOf(identity);
      entry.node = { ...entry.node, lastseen: lastseen as EpochSeconds, revision };
      const { interval, source } = entry.node;
      waiting.push({
        kind: 'seen',
        identity: entry.node.identity,
        lastseen: entry.node.lastseen,
        revision,
        interval,
        source,
      });
    },
    moveVolatile(identity, volatile, lastseen) {
      revision += 1;
      const entry = keptOf(identity);
      const seen = (lastseen ?? entry.node.lastseen) as EpochSeconds;
      entry.node = { ...entry.node, lastseen: seen, revision };
      entry.volatile = volatile;
      const { interval, source } = entry.node;
      waiting.push({
        kind: 'volatile',
        identity: entry.node.identity,
        lastseen: seen,
        revision,
        interval,
        source,
        volatile,
      });
    },
    retire(identity, at) {
      revision += 1;
      const entry = keptOf(identity);
      entry.node = { ...entry.node, retired: at as EpochSeconds, revision };
      waiting.push({ kind: 'retire', identity: entry.node.identity, revision, at: at as EpochSeconds });
    },
    forget(identity) {
      revision += 1;
      const entry = keptOf(identity);
      kept.delete(identity.toLowerCase());
      waiting.push({ kind: 'forget', identity: entry.node.identity, revision });
    },
    flush() {
      const position = positionOf(revision);
      if (waiting.length > 0) log.push({ events: waiting, position });
      waiting = [];
      for (const wake of wakes) wake();
      return position;
    },
    loseFeed() {
      epoch += 1;
      log.length = 0;
      waiting = [];
      for (const wake of wakes) wake();
    },
    all: sorted,
    has: (identity) => kept.has(identity.toLowerCase()),
    async apply(): Promise<ApplyResult> {
      throw new Error('tests write by put and its like');
    },
    async read(identities: readonly Identity[]) {
      store.reads += identities.length;
      return identities.map((identity) => {
        const entry = kept.get(identityKey(identity));
        return entry === undefined ? undefined : documentOf(entry);
      });
    },
    async *scan(options = {}) {
      const all = sorted();
      const size = options.sliceSize ?? 100;
      for (let i = 0; i < all.length; i += size) yield all.slice(i, i + size);
    },
    async *find(selector) {
      yield sorted().filter(selector.matches);
    },
    async count() {
      return kept.size;
    },
    async position() {
      return positionOf(revision);
    },
    comparePositions: (a, b) => parse(a) - parse(b),
    async *changes(from, signal) {
      let at = parse(from);
      const began = epoch;
      let next = 0;
      while (!signal.aborted) {
        if (epoch !== began) throw new StoreError('feed_position_lost', 'The feed was lost');
        while (next < log.length && parse((log[next] as FeedBatch).position) <= at) next += 1;
        const batch = log[next];
        if (batch !== undefined) {
          at = parse(batch.position);
          yield batch;
          continue;
        }
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            wakes.delete(wake);
            signal.removeEventListener('abort', wake);
            resolve();
          };
          wakes.add(wake);
          signal.addEventListener('abort', wake);
        });
      }
    },
    async close() {},
  };
  return store;
}
