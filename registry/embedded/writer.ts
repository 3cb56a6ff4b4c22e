import { setImmediate } from 'node:timers/promises';
import type { Logger } from '../../core/index.ts';
import { type ApplyResult, type ChangeResult, type FeedPosition, type NodeChange, StoreError } from '../node-store.ts';
import type { Environment } from './environment.ts';
import { Group } from './group.ts';
import type { NodeCodec } from './node-codec.ts';

/*
 * The one writer of nodes. Batches that wait are joined to a group, a group becomes one transaction, and the next
 * group is begun when the disk has it: so each change is judged by what is committed, and a slow disk makes larger
 * groups rather than more transactions. Judging and encoding yield to other work every few milliseconds; handing the
 * group to lmdb cannot (a transaction is filled in one go), hence the bound on its size.
 */

/** Changes joined to one group; a single larger batch is a group of its own. Handing over 512 takes about 2 ms. */
const GROUP_CHANGES_MAX = 512;
/** Changes that may wait. A batch that comes when so many wait is refused. */
const WAITING_CHANGES_MAX = 100_000;
/** How long judging or encoding may keep the event loop. */
const SLICE_MS = 3;
/** The clock is looked at once in so many steps. */
const STEPS_PER_LOOK = 16;

/** What a commit was, for whoever follows. */
export interface Committed {
  readonly group: Group;
  readonly revision: number;
}

/** What the writer needs around it. */
export interface WriterDeps {
  readonly environment: Environment;
  readonly codec: NodeCodec;
  readonly logger: Logger;
  /** The revision of what is committed at start, and the number of tombstones. */
  readonly revision: number;
  /** Tombstones kept; the oldest go first, and feed positions before them are lost. */
  readonly tombstonesMax: number;
  positionOf(revision: number): FeedPosition;
  isFollowed(): boolean;
  onCommitted(committed: Committed): void;
  /** The oldest place from which the feed is whole. */
  onFloor(revision: number): void;
}

interface Waiting {
  readonly changes: readonly NodeChange[];
  readonly resolve: (result: ApplyResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Applies batches in the order they came. */
export class Writer {
  readonly #deps: WriterDeps;
  readonly #waiting: Waiting[] = [];
  #waitingChanges = 0;
  #revision: number;
  #tombstones: number;
  #running: Promise<void> | undefined;
  #isFailing = false;

  constructor(deps: WriterDeps) {
    this.#deps = deps;
    this.#revision = deps.revision;
    this.#tombstones = deps.environment.tables.gone.getCount();
  }

  /** The newest revision on disk. */
  get revision(): number {
    return this.#revision;
  }

  /** See NodeStore.apply. */
  apply(changes: readonly NodeChange[]): Promise<ApplyResult> {
    if (this.#waitingChanges > WAITING_CHANGES_MAX) {
      return Promise.reject(
        new StoreError(
          'store_unavailable',
          `${this.#waitingChanges} changes wait for the disk of the embedded store, more than ${WAITING_CHANGES_MAX}`,
        ),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ changes, resolve, reject });
      this.#waitingChanges += changes.length;
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // Batches of this turn of the event loop are joined before the first of them is begun.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batches = this.#nextGroup();
      try {
        const results = await this.#write(batches);
        const position = this.#deps.positionOf(this.#revision);
        batches.forEach((batch, i) => {
          batch.resolve({ results: results[i] as readonly ChangeResult[], position });
        });
        if (this.#isFailing) this.#deps.logger.info('the embedded store writes again');
        this.#isFailing = false;
      } catch (thrown) {
        const error = this.#deps.environment.readFailed(thrown, 'Writing nodes');
        if (!this.#isFailing) this.#deps.logger.error({ err: error }, 'the embedded store cannot write');
        this.#isFailing = true;
        for (const batch of batches) batch.reject(error);
      }
    }
    this.#running = undefined;
  }

  #nextGroup(): Waiting[] {
    let size = 0;
    let count = 0;
    for (const { changes } of this.#waiting) {
      if (count > 0 && size + changes.length > GROUP_CHANGES_MAX) break;
      size += changes.length;
      count += 1;
    }
    this.#waitingChanges -= size;
    return this.#waiting.splice(0, count);
  }

  async #write(batches: readonly Waiting[]): Promise<readonly (readonly ChangeResult[])[]> {
    const { environment, codec } = this.#deps;
    const group = new Group(environment.tables, codec, this.#revision, this.#deps.isFollowed());
    const slice = new Slice();
    const results: ChangeResult[][] = [];
    for (const { changes } of batches) {
      const ofBatch: ChangeResult[] = [];
      for (const change of changes) {
        ofBatch.push(group.take(change));
        if (slice.isOver()) await slice.next();
      }
      results.push(ofBatch);
    }
    if (group.isEmpty) return results;
    let bytes = 0;
    for (const nodeBytes of group.encode()) {
      bytes += nodeBytes;
      if (slice.isOver()) await slice.next();
    }
    if (bytes > 0 && environment.usedBytes() + bytes > environment.bytesMax) throw this.#outOfSpace();
    await this.#commit(group);
    return results;
  }

  async #commit(group: Group): Promise<void> {
    const { environment, codec, onCommitted, onFloor } = this.#deps;
    const { gone, meta } = environment.tables;
    const lost = this.#tombstonesToDrop(group.tombstones);
    const floor = lost.at(-1);
    const structures = codec.structuresPending;
    await environment.commit({
      put: () => {
        codec.putStructures(meta);
        group.put();
        for (const revision of lost) gone.remove(revision);
        if (floor !== undefined) meta.put('floor', floor);
      },
    });
    if (structures !== undefined) codec.structuresCommitted(structures.count);
    this.#revision = group.revision;
    this.#tombstones += group.tombstones - lost.length;
    if (floor !== undefined) onFloor(floor);
    onCommitted({ group, revision: this.#revision });
  }

  #tombstonesToDrop(added: number): readonly number[] {
    const excess = Math.min(this.#tombstones, this.#tombstones + added - this.#deps.tombstonesMax);
    return excess <= 0 ? [] : [...this.#deps.environment.tables.gone.getKeys({ limit: excess })];
  }

  #outOfSpace(): StoreError {
    const gib = this.#deps.environment.bytesMax / 2 ** 30;
    return new StoreError('store_full', `The embedded store is at its bound of ${gib} GiB`, {
      field: 'store.embedded.mapSizeMax',
      remedy: 'Raise store.embedded.mapSizeMax, or forget nodes that are gone',
    });
  }
}

/** A share of the event loop: after it the rest of the process has its turn. */
class Slice {
  #steps = 0;
  #end = performance.now() + SLICE_MS;

  isOver(): boolean {
    this.#steps += 1;
    return this.#steps % STEPS_PER_LOOK === 0 && performance.now() > this.#end;
  }

  async next(): Promise<void> {
    await setImmediate();
    this.#end = performance.now() + SLICE_MS;
  }
}
