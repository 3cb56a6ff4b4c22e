import { setTimeout as sleep } from 'node:timers/promises';
import { asMusterError, type Identity, type Logger } from '../../core/index.ts';
import type { FeedBatch, FeedPosition, NodeStore } from '../../registry/index.ts';
import { QueryError } from '../language/index.ts';
import { Pace, type Turns } from './pace.ts';
import { Table, type TableOptions } from './table.ts';

/*
 * Keeps a table up with the store. Events are applied in slices; where the store no longer knows our position, a new
 * table is built from all documents beside the old one, which goes on answering.
 */

/** Documents of one slice of a scan. */
const SCAN_SLICE = 200;
/** Wait before the feed is asked for again after an error: doubles from the first to the last. */
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5_000;
/** Events between two looks for bytes to move together. */
const COMPACTION_EVENTS = 5_000;

/** What a follower works for. */
export interface FollowerOptions {
  readonly store: NodeStore;
  readonly logger: Logger;
  readonly turns: Turns;
  readonly table: TableOptions;
}

/** Follows the feed of a store. */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #stop = new AbortController();
  #waiters: { readonly position: FeedPosition; readonly resolve: () => void; readonly reject: (why: Error) => void }[] =
    [];
  #paused: Promise<void> | undefined;
  #applying: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #batchBegan = 0;
  #sinceCompaction = 0;
  table: Table;
  position: FeedPosition;
  events = 0;
  rereads = 0;
  rebuilds = 0;

  constructor(table: Table, position: FeedPosition, options: FollowerOptions) {
    this.#options = options;
    this.table = table;
    this.position = position;
  }

  /** Begins to follow. */
  start(): void {
    this.#following ??= this.#follow();
  }

  /** Ends; resolves when nothing is applied any more. Who waits is refused with `shutting_down`. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#following;
    const waiting = this.#waiters;
    this.#waiters = [];
    for (const { reject } of waiting) reject(stopping());
  }

  /** Milliseconds since the events being applied came, 0 where none are. */
  get lagMs(): number {
    return this.#batchBegan === 0 ? 0 : performance.now() - this.#batchBegan;
  }

  /** Resolves when everything up to a position is applied. */
  async waitFor(position: FeedPosition): Promise<void> {
    if (this.#isPast(position)) return;
    if (this.#stop.signal.aborted) throw stopping();
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ position, resolve, reject });
    });
  }

  /** Runs something while nothing is applied: between two batches. */
  async paused<T>(work: () => Promise<T>): Promise<T> {
    const release = await this.hold();
    try {
      return await work();
    } finally {
      release();
    }
  }

  /** Resolves when nothing is applied, and nothing is until what it gives is called. One holds at a time. */
  async hold(): Promise<() => void> {
    while (this.#paused !== undefined) await this.#paused;
    let resume: () => void = () => undefined;
    this.#paused = new Promise((resolve) => {
      resume = resolve;
    });
    await this.#applying?.catch(() => undefined);
    return () => {
      this.#paused = undefined;
      resume();
    };
  }

  #isPast(position: FeedPosition): boolean {
    return this.#options.store.comparePositions(this.position, position) >= 0;
  }

  async #follow(): Promise<void> {
    const { store, logger } = this.#options;
    const { signal } = this.#stop;
    let retryMs = RETRY_MS_MIN;
    while (!signal.aborted) {
      try {
        for await (const batch of store.changes(this.position, signal)) {
          await this.#take(batch);
          retryMs = RETRY_MS_MIN;
          if (signal.aborted) break;
        }
        if (!signal.aborted) throw new QueryError('store_unavailable', 'The change feed of the store ended');
      } catch (thrown) {
        if (signal.aborted) return;
        const error = asMusterError(thrown);
        if (error.code === 'feed_position_lost') {
          logger.warn({ err: error }, 'the columns lost their place in the change feed, building them anew');
          await this.#rebuild().catch((failed: unknown) => {
            if (!signal.aborted) logger.error({ err: failed }, 'building the columns failed');
          });
        } else logger.error({ err: error, retryMs }, 'following the change feed failed');
        await sleep(retryMs, undefined, { signal }).catch(() => undefined);
        retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
      }
    }
  }

  async #take(batch: FeedBatch): Promise<void> {
    while (this.#paused !== undefined) await this.#paused;
    this.#batchBegan = performance.now();
    this.#applying = this.#apply(batch);
    try {
      await this.#applying;
    } finally {
      this.#applying = undefined;
      this.#batchBegan = 0;
    }
  }

  async #apply(batch: FeedBatch): Promise<void> {
    const { store, turns } = this.#options;
    const { table } = this;
    const pace = new Pace();
    const unclear = new Set<Identity>();
    for (const event of batch.events) {
      const identity = table.apply(event);
      if (identity !== undefined) unclear.add(identity);
      if (pace.due()) {
        await turns.next();
        pace.restart();
      }
    }
    if (unclear.size > 0) {
      this.rereads += unclear.size;
      for (const node of await store.read([...unclear])) {
        // One that is gone meanwhile comes as forgotten.
        if (node !== undefined) table.upsert(node);
        if (pace.due()) {
          await turns.next();
          pace.restart();
        }
      }
    }
    this.events += batch.events.length;
    this.position = batch.position;
    this.#wake();
    await this.#maintain(pace, batch.events.length);
  }

  async #maintain(pace: Pace, events: number): Promise<void> {
    this.#sinceCompaction += events;
    if (this.#sinceCompaction >= COMPACTION_EVENTS) {
      this.#sinceCompaction = 0;
      this.table.beginCompaction();
    }
    while (this.table.maintain()) {
      if (!pace.due()) continue;
      await this.#options.turns.next();
      pace.restart();
    }
  }

  #wake(): void {
    if (this.#waiters.length === 0) return;
    const waiting = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiting) {
      if (this.#isPast(waiter.position)) waiter.resolve();
      else this.#waiters.push(waiter);
    }
  }

  async #rebuild(): Promise<void> {
    this.rebuilds += 1;
    const built = await buildTable(this.#options.store, this.#options.table, this.#options.turns, this.#stop.signal);
    this.table = built.table;
    this.position = built.position;
    // Positions before a store was made anew compare with nothing now; who waits for one is told so.
    const waiting = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiting) {
      try {
        if (this.#isPast(waiter.position)) waiter.resolve();
        else this.#waiters.push(waiter);
      } catch (thrown) {
        waiter.reject(asMusterError(thrown));
      }
    }
  }
}

/** Builds a table from every document of a store. The position is where to follow from. */
export async function buildTable(
  store: NodeStore,
  options: TableOptions,
  turns: Turns,
  signal: AbortSignal,
): Promise<{ readonly table: Table; readonly position: FeedPosition }> {
  const position = await store.position();
  const table = new Table({ ...options, rows: await store.count() });
  const pace = new Pace();
  for await (const documents of store.scan({ sliceSize: SCAN_SLICE, signal })) {
    for (const document of documents) {
      table.upsert(document);
      if (!pace.due()) continue;
      await turns.next();
      pace.restart();
    }
    while (table.maintain()) {
      if (!pace.due()) continue;
      await turns.next();
      pace.restart();
    }
  }
  return { table, position };
}

function stopping(): QueryError {
  return new QueryError('shutting_down', 'The columns are stopping');
}
