import {
  asMusterError,
  type Clock,
  type EpochSeconds,
  type Logger,
  limits,
  type MusterError,
} from '../../core/index.ts';
import { SEALED_BYTES_MAX } from '../../wire/index.ts';
import type { DeadLetters } from '../dead-letters.ts';
import type { Enrolment } from '../enrolment/contract.ts';
import { RegistryError } from '../errors.ts';
import type { ApplyResult, FeedPosition, NodeStore } from '../node-store.ts';
import type { Origin } from '../origin.ts';
import { visibleSoon } from '../visible-soon.ts';
import { Backlog } from './backlog.ts';
import type { ExaminedInBytes } from './batch-codec.ts';
import type { Refused } from './examine.ts';
import type { Examiner } from './examiner.ts';
import { authorise, changeOf, type RegisterChange, refusalOf } from './judge.ts';
import type { RegistryMetrics } from './metrics.ts';
import type { Outcome } from './outcome.ts';
import type { RefusalLog } from './refusal-log.ts';

/** What {@link Pipeline} works with. */
export interface PipelineParts {
  readonly store: NodeStore;
  readonly examiner: Examiner;
  readonly enrolment: Enrolment;
  readonly deadLetters: DeadLetters;
  readonly metrics: RegistryMetrics;
  readonly refusalLog: RefusalLog;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Resolves when queries see every write up to a position; answers wait for it. */
  readonly visible?: ((position: FeedPosition) => Promise<void>) | undefined;
}

/** How one message is to be taken, beside its bytes. */
export interface SubmitOptions {
  /** When it came, Unix milliseconds; now, if not said. */
  readonly receivedAtMs?: number;
  /** Bytes it had, where `bytes` is only the beginning of a message too large to hold. */
  readonly size?: number | undefined;
  /** A replay: an administrator answers for it, and it is kept already. */
  readonly replay?: boolean;
}

/** Registrations examined at once: 4 kB each, so about 10 ms of a thread. */
const EXAMINE_MAX = 128;
const EXAMINE_BYTES_MAX = limits.messageBytesMax;
/** Registrations applied at once: one sync of the disk for all, and a slice of this thread under 5 ms. */
const APPLY_MAX = 256;

interface Item {
  readonly bytes: Uint8Array;
  readonly size: number;
  readonly origin: Origin;
  readonly receivedAtMs: number;
  readonly replay: boolean;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: MusterError) => void;
}

interface ExaminingBatch {
  readonly items: readonly Item[];
  results: readonly (ExaminedInBytes | Refused)[] | undefined;
}

interface ExaminedItem {
  readonly item: Item;
  readonly result: ExaminedInBytes | Refused;
}

interface Admitted {
  readonly item: Item;
  readonly change: RegisterChange;
  readonly keptAsText: number;
}

/**
 * The way of every registration, whoever brings it: examined in batches on other threads, its sender's rights asked,
 * applied to the store in batches, answered. Messages are applied in the order they came, so that of two about one node
 * the later counts. What goes wrong with one is that one's outcome; what goes wrong with the store is everybody's.
 */
export class Pipeline {
  readonly #parts: PipelineParts;
  /** Received, not begun. */
  readonly #waiting: Item[] = [];
  /** At the examiner, in the order they came. */
  readonly #examining: ExaminingBatch[] = [];
  /** Examined, to be applied. */
  #ready: ExaminedItem[] = [];
  #applying = false;
  #pumpPlanned = false;
  #closed = false;
  readonly #backlog = new Backlog();

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  get queued(): number {
    return this.#backlog.messages;
  }

  get queuedBytes(): number {
    return this.#backlog.bytes;
  }

  /** One message in, its outcome out; the bytes must not change meanwhile. Rejects where nothing was decided. */
  submit(bytes: Uint8Array, origin: Origin, options: SubmitOptions = {}): Promise<Outcome> {
    if (this.#closed) return Promise.reject(new RegistryError('shutting_down', 'The registry is stopping'));
    if (!this.#backlog.hasRoomFor(bytes.length)) {
      return Promise.reject(new RegistryError('overloaded', `${this.#backlog.messages} registrations wait already`));
    }
    this.#parts.metrics.received.inc({ via: origin.via });
    return new Promise((resolve, reject) => {
      const item: Item = {
        bytes,
        size: options.size ?? bytes.length,
        origin,
        receivedAtMs: options.receivedAtMs ?? this.#parts.clock.nowMs(),
        replay: options.replay ?? false,
        resolve: (outcome) => this.#backlog.answered(bytes.length, () => resolve(outcome)),
        reject: (error) => this.#backlog.answered(bytes.length, () => reject(error)),
      };
      this.#backlog.received(bytes.length);
      const tooLarge = sizeFault(item.size, origin);
      if (tooLarge === undefined) {
        this.#waiting.push(item);
        this.#planPump();
      } else {
        void this.#refuse(item, tooLarge, true);
      }
    });
  }

  /** True where a message of full size would be taken. */
  get hasRoom(): boolean {
    return this.#backlog.hasRoom;
  }

  /** Resolves when there is room. */
  room(): Promise<void> {
    return this.#backlog.room();
  }

  /** Takes no more; resolves when everything taken is answered. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#backlog.idle();
  }

  /** Waits for the rest of what this turn of the event loop brings, so that frames of one read go together. */
  #planPump(): void {
    if (this.#pumpPlanned) return;
    this.#pumpPlanned = true;
    setImmediate(() => {
      this.#pumpPlanned = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#waiting.length > 0 && this.#parts.examiner.free) this.#examine(this.#takeBatch());
  }

  #takeBatch(): readonly Item[] {
    let count = 0;
    let bytes = 0;
    while (count < this.#waiting.length && count < EXAMINE_MAX) {
      bytes += (this.#waiting[count] as Item).bytes.length;
      if (count > 0 && bytes > EXAMINE_BYTES_MAX) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  #examine(items: readonly Item[]): void {
    const batch: ExaminingBatch = { items, results: undefined };
    this.#examining.push(batch);
    const stop = this.#parts.metrics.examineSeconds.startTimer();
    void this.#examineSurely(items).then((results) => {
      stop();
      batch.results = results;
      this.#release();
      this.#pump();
    });
  }

  /** A batch on which a thread died is tried again one by one; the one that kills the thread again is refused. */
  async #examineSurely(items: readonly Item[]): Promise<readonly (ExaminedInBytes | Refused)[]> {
    const { examiner, logger } = this.#parts;
    try {
      return await examiner.examine(items.map(jobOf));
    } catch (thrown) {
      const error = asMusterError(thrown);
      logger.error({ err: error, messages: items.length }, 'examining registrations failed');
      if (items.length === 1) return [{ ok: false, error: error.toJSON() }];
      const results: (ExaminedInBytes | Refused)[] = [];
      for (const item of items) results.push(...(await this.#examineSurely([item])));
      return results;
    }
  }

  /** Lets examined batches on, in the order they came, whichever thread was quicker. */
  #release(): void {
    for (let first = this.#examining[0]; first?.results !== undefined; first = this.#examining[0]) {
      const { items, results } = first;
      this.#examining.shift();
      for (let i = 0; i < items.length; i++) {
        this.#ready.push({ item: items[i] as Item, result: results[i] as ExaminedInBytes | Refused });
      }
    }
    if (!this.#applying) void this.#applyAll();
  }

  async #applyAll(): Promise<void> {
    this.#applying = true;
    while (this.#ready.length > 0) {
      const entries = this.#ready.splice(0, APPLY_MAX);
      const admitted = (await Promise.all(entries.map((entry) => this.#admit(entry)))).filter(
        (one) => one !== undefined,
      );
      if (admitted.length > 0) await this.#apply(admitted);
    }
    this.#applying = false;
  }

  /** Gives the change of a message that may be applied; answers every other. */
  async #admit({ item, result }: ExaminedItem): Promise<Admitted | undefined> {
    const { enrolment, metrics } = this.#parts;
    if (!result.ok) {
      void this.#refuse(item, RegistryError.fromBody(result.error), true);
      return undefined;
    }
    if (result.signed !== undefined) metrics.verifySeconds.observe(result.verifyMicros / 1e6);
    if (result.keptAsText > 0) metrics.keptAsText.inc(result.keptAsText);
    try {
      const refusal = await authorise(result, item.origin, { enrolment, byAdmin: item.replay });
      if (refusal === undefined) {
        const change = changeOf(result, item.origin, secondsOf(item), item.replay);
        return { item, change, keptAsText: result.keptAsText };
      }
      void this.#refuse(item, refusal.error, !refusal.seenBefore);
    } catch (thrown) {
      item.reject(asMusterError(thrown));
    }
    return undefined;
  }

  async #apply(admitted: readonly Admitted[]): Promise<void> {
    const { store, metrics } = this.#parts;
    metrics.batchSize.observe(admitted.length);
    const stop = metrics.applySeconds.startTimer();
    let applied: ApplyResult;
    try {
      applied = await store.apply(admitted.map((one) => one.change));
    } catch (thrown) {
      await this.#applyFailed(admitted, asMusterError(thrown));
      return;
    } finally {
      stop();
    }
    // Not awaited: the next batch is applied while the read side catches up with this one.
    void this.#seen(applied.position).then(() => this.#settleAll(admitted, applied));
  }

  #settleAll(admitted: readonly Admitted[], applied: ApplyResult): void {
    const { logger } = this.#parts;
    admitted.forEach((one, i) => {
      const result = applied.results[i];
      if (result === undefined) {
        logger.error({ results: applied.results.length, changes: admitted.length }, 'the store lost a result');
        one.item.reject(new RegistryError('internal_error', 'The store gave no result for a registration'));
      } else {
        this.#settle(one, result, applied.position);
      }
    });
  }

  async #seen(position: FeedPosition): Promise<void> {
    const { visible, logger } = this.#parts;
    if (visible !== undefined) await visibleSoon(visible, position, logger);
  }

  /** The store's own troubles are everybody's, and senders come again; anything else is looked for one by one. */
  async #applyFailed(admitted: readonly Admitted[], error: MusterError): Promise<void> {
    const { logger } = this.#parts;
    logger.error({ err: error, messages: admitted.length }, 'the store did not take a batch');
    if (error.code !== 'internal_error') {
      for (const { item } of admitted) item.reject(error);
    } else if (admitted.length === 1) {
      await this.#refuse((admitted[0] as Admitted).item, error, true);
    } else {
      for (const one of admitted) await this.#apply([one]);
    }
  }

  #settle(one: Admitted, result: ApplyResult['results'][number], position: ApplyResult['position']): void {
    const { item, change, keptAsText } = one;
    const { identity, revision, outcome } = result;
    if (outcome === 'inserted' || outcome === 'changed' || outcome === 'unchanged' || outcome === 'duplicate') {
      this.#parts.metrics.taken.inc({ via: item.origin.via, outcome });
      item.resolve({ kind: 'taken', outcome, identity, revision, position, keptAsText });
      return;
    }
    const refusal =
      refusalOf(outcome, identity, change) ??
      new RegistryError('internal_error', `The store answered ${outcome} to a registration`, { identity });
    void this.#refuse(item, refusal, true);
  }

  /** Counts, keeps, logs, answers. What cannot be kept is answered all the same. */
  async #refuse(item: Item, error: MusterError, keep: boolean): Promise<void> {
    const { deadLetters, metrics, refusalLog, logger } = this.#parts;
    const { bytes, size, origin, receivedAtMs: receivedAt } = item;
    const body = error.toJSON();
    metrics.refused.inc({ via: origin.via, code: error.code });
    let deadLetter: string | undefined;
    try {
      if (keep && !item.replay) deadLetter = await deadLetters.keep(bytes, { size, receivedAt, origin, error: body });
    } catch (thrown) {
      logger.error({ err: thrown }, 'a refused registration could not be kept');
    }
    refusalLog.refused(body, origin, deadLetter);
    item.resolve({ kind: 'refused', error, deadLetter });
  }
}

function jobOf(item: Item) {
  const { bytes, origin } = item;
  return { bytes, destination: origin.via === 'stomp' ? origin.destination : undefined, receivedAt: secondsOf(item) };
}

function secondsOf(item: Item): EpochSeconds {
  return Math.floor(item.receivedAtMs / 1000) as EpochSeconds;
}

/** Told before anything is copied. */
function sizeFault(size: number, origin: Origin): RegistryError | undefined {
  const bytesMax = origin.via === 'stomp' ? SEALED_BYTES_MAX : limits.messageBytesMax;
  if (size <= bytesMax) return undefined;
  return new RegistryError('message_too_large', `The message has ${size} bytes, at most ${limits.messageBytesMax} go`, {
    value: size,
  });
}
