import { setImmediate } from 'node:timers/promises';
import type { FeedBatch, FeedEvent, FeedPosition } from '../node-store.ts';
import { StoreError } from '../node-store.ts';

/*
 * The change feed. A follower first re-reads what moved since its position from the tables (each node once, as it is
 * now), then takes the events of each commit as they happen. One that falls behind loses its queue and re-reads again:
 * memory stays bounded, and nothing is missed, since every node's newest revision stands in the tables.
 *
 * Only the end of a re-reading is a place to resume from: a node whose content moved early and whose lastseen moved
 * late comes late, so a place between would make the early movement look known. Slices before the last therefore carry
 * the position where the re-reading began.
 *
 * A position is `<revision>.<store id>`: a revision alone would look valid in a store made anew after this one.
 */

/** Events a follower may have waiting; they hold whole documents. */
const WAITING_EVENTS_MAX = 2_000;

/** What of the tables the feed reads. */
export interface FeedSource {
  readonly storeId: string;
  /** The newest revision on disk. */
  revision(): number;
  /** The oldest revision from which nothing is missing. */
  floor(): number;
  /** A slice of events after a revision, in order; `base` is where the whole re-reading began. */
  reread(after: number, base: number): Reread;
}

/** What a slice of re-reading gave. */
export interface Reread {
  readonly events: readonly FeedEvent[];
  /** The revision after the slice. */
  readonly revision: number;
  /** True where nothing is left up to the newest revision, which `revision` then is. */
  readonly isLast: boolean;
}

interface Follower {
  /** Batches not taken yet; undefined while it re-reads. */
  queue: { readonly events: readonly FeedEvent[]; readonly revision: number }[] | undefined;
  waitingEvents: number;
  wake: (() => void) | undefined;
}

/** The followers of a store. */
export class Feed {
  readonly #source: FeedSource;
  readonly #followers = new Set<Follower>();
  #isClosed = false;

  constructor(source: FeedSource) {
    this.#source = source;
  }

  /** True where somebody takes events as they happen. */
  get isFollowed(): boolean {
    for (const follower of this.#followers) if (follower.queue !== undefined) return true;
    return false;
  }

  positionOf(revision: number): FeedPosition {
    return `${revision}.${this.#source.storeId}` as FeedPosition;
  }

  /** @throws StoreError `feed_position_lost` for a position of another store. */
  compare(a: FeedPosition, b: FeedPosition): number {
    return this.#parse(a) - this.#parse(b);
  }

  /** Hands the events of a commit to the followers. */
  publish(events: readonly FeedEvent[], revision: number): void {
    for (const follower of this.#followers) {
      if (follower.queue === undefined) continue;
      if (follower.waitingEvents + events.length > WAITING_EVENTS_MAX && follower.queue.length > 0) {
        follower.queue = undefined;
        follower.waitingEvents = 0;
      } else {
        follower.queue.push({ events, revision });
        follower.waitingEvents += events.length;
      }
      follower.wake?.();
    }
  }

  /** Commits that nobody's events were made for: followers that came meanwhile re-read. */
  publishUnseen(): void {
    for (const follower of this.#followers) {
      follower.queue = undefined;
      follower.waitingEvents = 0;
      follower.wake?.();
    }
  }

  /** See NodeStore.changes. */
  async *changes(from: FeedPosition, signal: AbortSignal): AsyncGenerator<FeedBatch, void, void> {
    let at = this.#parse(from);
    if (at > this.#source.revision()) throw this.#lost(from);
    let base = at;
    const follower: Follower = { queue: undefined, waitingEvents: 0, wake: undefined };
    const wake = (): void => follower.wake?.();
    signal.addEventListener('abort', wake);
    this.#followers.add(follower);
    try {
      while (!signal.aborted && !this.#isClosed) {
        if (follower.queue === undefined) {
          if (base < this.#source.floor()) throw this.#lost(this.positionOf(base));
          const slice = this.#source.reread(at, base);
          at = slice.revision;
          const isMoved = slice.isLast && at > base;
          if (slice.isLast) {
            follower.queue = [];
            base = at;
          }
          // The last slice may be empty: its position is still what somebody waits for.
          if (slice.events.length > 0 || isMoved) yield { events: slice.events, position: this.positionOf(base) };
          // Other work has its turn between slices, however fast the follower is.
          await setImmediate();
          continue;
        }
        const next = follower.queue.shift();
        if (next === undefined) {
          await new Promise<void>((resolve) => {
            follower.wake = resolve;
          });
          follower.wake = undefined;
          continue;
        }
        follower.waitingEvents -= next.events.length;
        if (next.revision <= at) continue;
        at = next.revision;
        base = at;
        yield { events: next.events, position: this.positionOf(at) };
      }
    } finally {
      signal.removeEventListener('abort', wake);
      this.#followers.delete(follower);
    }
  }

  /** Ends every follower. */
  close(): void {
    this.#isClosed = true;
    for (const follower of this.#followers) follower.wake?.();
  }

  #parse(position: FeedPosition): number {
    const match = /^(\d{1,16})\.(.+)$/.exec(position);
    if (match === null || match[2] !== this.#source.storeId) throw this.#lost(position);
    return Number(match[1]);
  }

  #lost(position: string): StoreError {
    return new StoreError('feed_position_lost', `The embedded store’s feed does not reach back to ${position}`, {
      value: position,
    });
  }
}
