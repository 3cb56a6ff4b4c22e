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
import { Feed } from './feed.ts';
import { NodeCodec, structureHooks } from './node-codec.ts';
import { NodeReader, READ_SLICE } from './node-reader.ts';
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
const SCAN_SLICE_SIZE = 200;

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
  readonly #reader: NodeReader;
  readonly #feed: Feed;
  readonly #writer: Writer;
  #floor: number;
  #closing: Promise<void> | undefined;

  constructor(environment: Environment, lock: DirectoryLock, options: EmbeddedStoreOptions) {
    const { tables } = environment;
    this.#environment = environment;
    this.#lock = lock;
    const codec = new NodeCodec(tables.content, tables.meta);
    this.#reader = new NodeReader(environment, codec);
    this.#floor = (tables.meta.get('floor') as number | undefined) ?? 0;
    this.records = embeddedRecords(environment, () => this.#guard());
    this.#feed = new Feed({
      storeId: environment.storeId,
      revision: () => this.#writer.revision,
      floor: () => this.#floor,
      reread: (after, base) => {
        this.#guard();
        return this.#reader.movedSince(after, base, this.#writer.revision);
      },
    });
    this.#writer = new Writer({
      environment,
      codec,
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
      documents.push(this.#reader.document(identityKey(identity)));
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
      const { documents, last } = this.#reader.slice(after);
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
      const node = this.#reader.document(event.key);
      if (node !== undefined) events.push({ kind: 'upsert', node });
    }
    this.#feed.publish(events, revision);
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
