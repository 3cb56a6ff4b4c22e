import type { RootDatabase } from 'lmdb';
import type { Logger } from '../../core/index.ts';
import type { StoreError } from '../node-store.ts';

/*
 * Every write of an environment, one transaction after the other. What comes while a transaction is on its way to the disk
 * goes into the next one together, so that many small records share an fsync. Never are two handed to lmdb at once: this
 * process is the only writer, so conditions are looked at here, against what is committed, and lmdb's own conditional and
 * overlapping writes, whose hand-over between threads is delicate, are not needed.
 */

/** A commit that takes longer is a disk in trouble: logged, and logged again each time. */
const SLOW_COMMIT_MS = 10_000;
/** Writes joined to one transaction. */
const JOINED_MAX = 1000;

/** One thing to write. */
export interface Write {
  /** Names what is written, where a condition may ask for it; two of one key never share a transaction. */
  readonly key?: string;
  /** Looked at just before, against what is committed; false writes nothing. */
  readonly condition?: () => boolean;
  /** Must not throw half way. */
  readonly put: () => void;
}

/** Hands writes to the disk. */
export interface Commits {
  /** Resolves when it is on disk, false where its condition did not hold. Rejects with an error of ours. */
  commit(write: Write): Promise<boolean>;
}

interface Waiting extends Write {
  readonly resolve: (written: boolean) => void;
  readonly reject: (error: StoreError) => void;
}

/** Settings of {@link createCommits}. */
export interface CommitsOptions {
  readonly path: string;
  readonly logger: Logger;
  /** Anything lmdb rejected with, as ours. */
  readonly failed: (thrown: unknown) => Promise<StoreError>;
}

/** Commits that resolve when the data is on disk. */
export function createCommits(root: RootDatabase, { path, logger, failed }: CommitsOptions): Commits {
  let waiting: Waiting[] = [];
  let running = false;

  /** What goes into the next transaction: in order, a key's second write left for the one after. */
  const take = (): readonly Waiting[] => {
    const keys = new Set<string>();
    const taken: Waiting[] = [];
    const left: Waiting[] = [];
    for (const one of waiting) {
      const free = one.key === undefined || !keys.has(one.key);
      if (one.key !== undefined) keys.add(one.key);
      (free && taken.length < JOINED_MAX ? taken : left).push(one);
    }
    waiting = left;
    return taken;
  };

  const write = async (taken: readonly Waiting[]): Promise<void> => {
    const holds = taken.filter((one) => one.condition?.() ?? true);
    const held = new Set(holds);
    if (holds.length > 0) {
      await watched(path, logger, () =>
        root.batch(() => {
          for (const one of holds) one.put();
        }),
      );
    }
    for (const one of taken) one.resolve(held.has(one));
  };

  const run = async (): Promise<void> => {
    running = true;
    while (waiting.length > 0) {
      const taken = take();
      try {
        await write(taken);
      } catch (thrown) {
        const error = await failed(thrown);
        for (const one of taken) one.reject(error);
      }
    }
    running = false;
  };

  return {
    commit: (one) =>
      new Promise((resolve, reject) => {
        waiting.push({ ...one, resolve, reject });
        if (!running) void run();
      }),
  };
}

async function watched(path: string, logger: Logger, begin: () => Promise<unknown>): Promise<void> {
  const started = performance.now();
  const slow = setInterval(() => {
    const seconds = Math.round((performance.now() - started) / 1000);
    logger.error({ path, seconds }, 'the embedded store’s disk takes long to write');
  }, SLOW_COMMIT_MS);
  slow.unref();
  try {
    await begin();
  } finally {
    clearInterval(slow);
  }
}
