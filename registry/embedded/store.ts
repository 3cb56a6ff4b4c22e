import { setImmediate } from 'node:timers/promises';
import { type Identity, identityKey, type Logger, type NodeDocument } from '../../core/index.ts';
import {
  type ApplyResult,
  type FeedBatch,
  type FeedEvent,
  type FeedPosition,
  type NodeChange,
  type NodeStore,
  type RecordStore,
  type Selector,
  StoreError,
} from '../node-store.ts';
import { type DirectoryLock, lockDirectory } from './directory-lock.ts';
import { type Environment, openEnvironment, openFailed, prepareDirectory } from './environment.ts';
import { Feed, type Reread } from './feed.ts';
import { NodeCodec, type SeenRecord, seenOfRow, structureHooks } from './node-codec.ts';
import { embeddedRecords } from './records.ts';
import { type Committed, Writer } from './writer.ts';

/** Settings of {@link openEmbeddedStore}. */
export interface EmbeddedStoreOptions {
  /** The directory; made where it is not there. */
  readonly path: string;
  readonly logger: Logger;
  /** Largest size of the data in GiB, as `store.embedded.mapSizeMax`; as much address space is reserved. 64 if not said. */
  readonly mapSizeMax?: number;
  /** Tombstones of forgotten nodes kept for followers; 10,000 if not said. */
  readonly tombstonesMax?: number;
}

const MAP_SIZE_MAX_GIB = 64;
const TOMBSTONES_MAX = 10_000;
/** Documents read in one turn of the event loop: about 3 ms. */
const READ_SLICE = 200;
const SCAN_SLICE_SIZE = 200;
const FEED_SLICE = 200;

/**
 * Opens the embedded store in a directory and holds the directory until `close`.
 * @throws StoreError `store_locked` where another process (or this one) has it open; `store_corrupt` for files that
 *   are not ours or not whole; `store_full`; `store_unavailable` where the directory cannot be used.
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<NodeStore> {
  prepareDirectory(options.path);
  const lock = await lockOf(options.path);
  try {
    const environment = await openEnvironment({
      path: options.path,
      mapSizeMaxGib: options.mapSizeMax ?? MAP_SIZE_MAX_GIB,
      logger: options.logger,
      structures: structureHooks,
    });
    return new EmbeddedStore(environment, lock, options);
  } catch (thrown) {
    await lock.release();
    throw thrown;
  }
}

/** The lock, with a disk that has no room for it, or a directory that cannot be written, said in our words. */
async function lockOf(path: string): Promise<DirectoryLock> {
  try {
    return await lockDirectory(path);
  } catch (thrown) {
    throw await openFailed(thrown, `Locking the embedded store in ${path}`, path);
  }
}

class EmbeddedStore implements NodeStore {
  readonly kind = 'embedded';
  readonly capabilities = { feed: 'push' } as const;
  readonly records: RecordStore;
  readonly #environment: Environment;
  readonly #lock: DirectoryLock;
  readonly #codec: NodeCodec;
  readonly #feed: Feed;
  readonly #writer: Writer;
  #floor: number;
  #closing: Promise<void> | undefined;

  constructor(environment: Environment, lock: DirectoryLock, options: EmbeddedStoreOptions) {
    const { tables } = environment;
    this.#environment = environment;
    this.#lock = lock;
    this.#codec = new NodeCodec(tables.content, tables.meta);
    this.#floor = (tables.meta.get('floor') as number | undefined) ?? 0;
    this.records = embeddedRecords(environment, () => this.#guard());
    this.#feed = new Feed({
      storeId: environment.storeId,
      revision: () => this.#writer.revision,
      floor: () => this.#floor,
      reread: (after, base) => this.#reread(after, base),
    });
    this.#writer = new Writer({
      environment,
      codec: this.#codec,
      logger: options.logger,
      revision: Math.max(this.#floor, lastKey(tables.feed), lastKey(tables.gone)),
      tombstonesMax: options.tombstonesMax ?? TOMBSTONES_MAX,
      positionOf: (revision) => this.#feed.positionOf(revision),
      isFollowed: () => this.#feed.isFollowed,
      onCommitted: (committed) => this.#publish(committed),
      onFloor: (revision) => {
        this.#floor = revision;
      },
    });
  }

  async apply(changes: readonly NodeChange[]): Promise<ApplyResult> {
    this.#guard();
    return this.#writer.apply(changes);
  }

  async read(identities: readonly Identity[]): Promise<readonly (NodeDocument | undefined)[]> {
    const documents: (NodeDocument | undefined)[] = [];
    for (const [i, identity] of identities.entries()) {
      if (i > 0 && i % READ_SLICE === 0) await setImmediate();
      this.#guard();
      documents.push(this.#document(identityKey(identity)));
    }
    return documents;
  }

  scan(options: ScanOptions = {}): AsyncIterable<readonly NodeDocument[]> {
    return this.#select(undefined, options);
  }

  find(selector: Selector, options: ScanOptions = {}): AsyncIterable<readonly NodeDocument[]> {
    return this.#select(selector.matches, options);
  }

  async count(): Promise<number> {
    this.#guard();
    return (this.#environment.tables.seen.getStats() as { entryCount: number }).entryCount;
  }

  async position(): Promise<FeedPosition> {
    this.#guard();
    return this.#feed.positionOf(this.#writer.revision);
  }

  comparePositions(a: FeedPosition, b: FeedPosition): number {
    return this.#feed.compare(a, b);
  }

  changes(from: FeedPosition, signal: AbortSignal): AsyncIterable<FeedBatch> {
    this.#guard();
    return this.#feed.changes(from, signal);
  }

  /** Takes nothing more, lets what waits become durable, ends followers, gives the directory free. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#writer.idle();
      this.#feed.close();
      await this.#environment.close();
      await this.#lock.release();
    })();
    return this.#closing;
  }

  /** LMDB must not be touched once it is closed: that ends the process, not the call. */
  #guard(): void {
    if (this.#closing !== undefined) throw new StoreError('store_unavailable', 'The embedded store is closed');
  }

  async *#select(
    matches: Selector['matches'] | undefined,
    options: ScanOptions,
  ): AsyncGenerator<readonly NodeDocument[], void, void> {
    const sliceSize = Math.max(1, options.sliceSize ?? SCAN_SLICE_SIZE);
    let slice: NodeDocument[] = [];
    let after = '';
    for (;;) {
      options.signal?.throwIfAborted();
      this.#guard();
      const { documents, last } = this.#readSlice(after);
      for (const document of documents) {
        if (matches !== undefined && !matches(document)) continue;
        slice.push(document);
        if (slice.length < sliceSize) continue;
        yield slice;
        slice = [];
        options.signal?.throwIfAborted();
        this.#guard();
      }
      if (last === undefined) break;
      after = last;
      await setImmediate();
    }
    options.signal?.throwIfAborted();
    if (slice.length > 0) yield slice;
  }

  /** Documents after a key, and the last key read; undefined where there are no more. Both tables in one snapshot. */
  #readSlice(after: string): { readonly documents: readonly NodeDocument[]; readonly last: string | undefined } {
    const { seen, content } = this.#environment.tables;
    const range = { start: after, exclusiveStart: true, limit: READ_SLICE };
    const documents: NodeDocument[] = [];
    let key = after;
    try {
      const contents = content.getRange(range)[Symbol.iterator]();
      for (const row of seen.getRange(range)) {
        key = row.key;
        const stored = contents.next().value as { readonly key: string; readonly value: unknown } | undefined;
        if (stored?.key !== key) throw new Error('its two parts do not belong together');
        documents.push(this.#codec.document(seenOfRow(row.value), stored.value));
      }
      contents.return?.();
    } catch (thrown) {
      throw this.#environment.readFailed(thrown, `Reading the document of ${key}`);
    }
    return { documents, last: documents.length < READ_SLICE ? undefined : key };
  }

  #document(key: string): NodeDocument | undefined {
    const seen = this.#seen(key);
    return seen === undefined ? undefined : this.#documentOf(key, seen);
  }

  #seen(key: string): SeenRecord | undefined {
    try {
      const row = this.#environment.tables.seen.get(key);
      return row === undefined ? undefined : seenOfRow(row);
    } catch (thrown) {
      throw this.#environment.readFailed(thrown, `Reading what is known of ${key}`);
    }
  }

  #documentOf(key: string, seen: SeenRecord): NodeDocument {
    try {
      const content = this.#environment.tables.content.get(key);
      if (content === undefined) throw new Error('its content is not there');
      return this.#codec.document(seen, content);
    } catch (thrown) {
      throw this.#environment.readFailed(thrown, `Reading the document of ${key}`);
    }
  }

  #publish({ group, revision }: Committed): void {
    if (!group.withEvents) {
      this.#feed.publishUnseen();
      return;
    }
    const events: FeedEvent[] = [];
    for (const event of group.events) {
      if (event.kind !== 'reread') {
        events.push(event);
        continue;
      }
      const node = this.#document(event.key);
      if (node !== undefined) events.push({ kind: 'upsert', node });
    }
    this.#feed.publish(events, revision);
  }

  /** What moved after a revision, up to the newest that this process knows of, by the tables of nodes and tombstones. */
  #reread(after: number, base: number): Reread {
    this.#guard();
    const { feed, gone } = this.#environment.tables;
    const newest = this.#writer.revision;
    const range = { start: after, exclusiveStart: true, end: newest, inclusiveEnd: true, limit: FEED_SLICE };
    const moved: { readonly revision: number; readonly event: () => FeedEvent | undefined }[] = [];
    for (const { key: revision, value: key } of feed.getRange(range)) {
      moved.push({ revision, event: () => this.#eventOf(key, base) });
    }
    for (const { key: revision, value } of gone.getRange(range)) {
      moved.push({ revision, event: () => ({ kind: 'forget', identity: value as Identity, revision }) });
    }
    moved.sort((a, b) => a.revision - b.revision);
    const isLast = moved.length < FEED_SLICE;
    const slice = moved.slice(0, FEED_SLICE);
    const events = slice.map(({ event }) => event()).filter((event) => event !== undefined);
    return { events, isLast, revision: isLast ? newest : (slice.at(-1)?.revision ?? newest) };
  }

  #eventOf(key: string, base: number): FeedEvent | undefined {
    const seen = this.#seen(key);
    if (seen === undefined) return undefined;
    if (seen.contentRevision > base) return { kind: 'upsert', node: this.#documentOf(key, seen) };
    const { identity, lastseen, revision, interval, source } = seen;
    return {
      kind: 'volatile',
      identity,
      lastseen,
      revision,
      interval,
      source,
      volatile: this.#codec.decodeVolatile(seen),
    };
  }
}

interface ScanOptions {
  readonly sliceSize?: number;
  readonly signal?: AbortSignal;
}

function lastKey(table: Environment['tables']['feed']): number {
  for (const key of table.getKeys({ reverse: true, limit: 1 })) return key;
  return 0;
}
