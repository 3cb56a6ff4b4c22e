import { rm } from 'node:fs/promises';
import type { Logger } from '../../core/index.ts';
import type { FeedPosition, NodeStore } from '../../registry/index.ts';
import type { EngineFigures } from './figures.ts';
import { Pace, type Turns } from './pace.ts';
import { readSnapshot, SnapshotUnusable } from './snapshot-read.ts';
import { writeSnapshot } from './snapshot-write.ts';
import type { Table, TableOptions } from './table.ts';

/** Settings of a {@link SnapshotKeeper}. */
export interface SnapshotKeeperOptions {
  readonly store: NodeStore;
  readonly logger: Logger;
  /** None is kept where not said. */
  readonly snapshotFile?: string | undefined;
}

/** Keeps the snapshot of one engine: loads it or throws it away, writes it where anything moved. */
export class SnapshotKeeper {
  readonly #options: SnapshotKeeperOptions;
  readonly #turns: Turns;
  /** The position of the snapshot on disk. */
  #saved: string | undefined;
  readonly figures: { -readonly [K in keyof EngineFigures['snapshot']]: number } = {
    written: 0,
    abandoned: 0,
    failed: 0,
    bytes: 0,
    milliseconds: 0,
  };

  constructor(options: SnapshotKeeperOptions, turns: Turns) {
    this.#options = options;
    this.#turns = turns;
  }

  /** The snapshot, where there is one that is whole and of this store; one in doubt is thrown away, with a warning. */
  async load(options: TableOptions): Promise<{ readonly table: Table; readonly position: FeedPosition } | undefined> {
    const { snapshotFile, logger, store } = this.#options;
    if (snapshotFile === undefined) return undefined;
    try {
      const read = await readSnapshot(snapshotFile, options);
      const position = read.position as FeedPosition;
      // Throws where the position is of another store.
      store.comparePositions(position, position);
      this.#saved = position;
      return { table: read.table, position };
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      const why = thrown instanceof SnapshotUnusable ? thrown.message : thrown;
      logger.warn({ file: snapshotFile, err: why }, 'the snapshot of the columns cannot be used, building them anew');
      await rm(snapshotFile, { force: true }).catch(() => undefined);
      return undefined;
    }
  }

  /** Writes the table, which nobody may write to meanwhile. False where nothing moved, and where it failed (logged). */
  async write(table: Table, position: FeedPosition, timeoutMs: number): Promise<boolean> {
    const { snapshotFile: file, logger } = this.#options;
    if (file === undefined || position === this.#saved) return false;
    try {
      const written = await writeSnapshot(table, { file, position, turns: this.#turns, pace: new Pace(), timeoutMs });
      if (written === undefined) {
        this.figures.abandoned += 1;
        logger.warn({ file, timeoutMs }, 'the snapshot of the columns took too long and was given up');
        return false;
      }
      this.#saved = position;
      this.figures.written += 1;
      this.figures.bytes = written.bytes;
      this.figures.milliseconds = written.milliseconds;
      logger.debug({ file, ...written }, 'wrote the snapshot of the columns');
      return true;
    } catch (thrown) {
      this.figures.failed += 1;
      logger.error({ file, err: thrown }, 'writing the snapshot of the columns failed');
      return false;
    }
  }
}
