import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { type Clock, type ErrorBody, limits } from '../core/index.ts';
import { RegistryError } from './errors.ts';
import type { RecordStore } from './node-store.ts';
import type { Origin } from './origin.ts';

/** A refused message as it is kept. */
export interface DeadLetter {
  readonly id: string;
  /** When the message came, Unix milliseconds by the registry's clock; a replay is judged by this time. */
  readonly receivedAt: number;
  readonly origin: Origin;
  /** Why it was refused. */
  readonly error: ErrorBody;
  /** Bytes of the message; the body holds fewer where it was cut. */
  readonly bytes: number;
  readonly cut: boolean;
  /** How the body is written: as text where it is UTF-8, base64 otherwise. */
  readonly encoding: 'utf8' | 'base64';
  readonly body: string;
  /** How often it was replayed and refused again. */
  readonly replays: number;
}

/** A dead letter as it is listed: without its body. */
export type DeadLetterHead = Omit<DeadLetter, 'body'>;

/** The refused messages of a registry, within a bound of count and one of bytes: the oldest make room. */
export interface DeadLetters {
  /** Keeps a refused message; gives its id, or undefined where it was dropped (none are kept, or too many come at once). */
  keep(bytes: Uint8Array, refusal: Refusal): Promise<string | undefined>;
  /** Heads, oldest first, after an id. */
  list(options: { readonly after?: string | undefined; readonly limit: number }): Promise<readonly DeadLetterHead[]>;
  get(id: string): Promise<DeadLetter | undefined>;
  /** Writes why a replay was refused. */
  refusedAgain(letter: DeadLetter, error: ErrorBody): Promise<void>;
  /** False where there was none. */
  remove(id: string): Promise<boolean>;
  /** Letters kept now and dropped since start. */
  readonly counts: { readonly kept: number; readonly dropped: number };
  /** Resolves when what is being written is written. */
  idle(): Promise<void>;
}

/** What is known of a refused message. */
export interface Refusal {
  /** Bytes the message had, where only its beginning is at hand. */
  readonly size?: number;
  readonly receivedAt: number;
  readonly origin: Origin;
  readonly error: ErrorBody;
}

/** Settings of {@link createDeadLetters}. */
export interface DeadLettersOptions {
  readonly records: RecordStore;
  readonly clock: Clock;
  /** `registration.deadLettersMax`; 0 keeps none. */
  readonly countMax: number;
  readonly bytesMax?: number;
}

/** Bytes of all bodies together. */
const BYTES_MAX = 64 * 1024 * 1024;
/** A message that no replay could take in is kept for a look only. */
const CUT_BYTES = 64 * 1024;
/** Header line and signed bytes. */
const WHOLE_BYTES_MAX = limits.messageBytesMax + 1024;
/** Letters on their way to the disk; beyond, a flood of bad messages is counted and not kept. */
const WRITING_MAX = 256;
const PAGE = 50;

/** The dead letters of a store. */
export async function createDeadLetters(options: DeadLettersOptions): Promise<DeadLetters> {
  const letters = new RecordedDeadLetters(options);
  await letters.load();
  return letters;
}

class RecordedDeadLetters implements DeadLetters {
  readonly #records: RecordStore;
  readonly #clock: Clock;
  readonly #countMax: number;
  readonly #bytesMax: number;
  /** Ids and sizes in order of id, so that the bounds need no reading. */
  readonly #sizes = new Map<string, number>();
  readonly #writing = new Set<Promise<unknown>>();
  #bytes = 0;
  #dropped = 0;
  #lastMs = 0;
  #number = 0;

  constructor(options: DeadLettersOptions) {
    this.#records = options.records;
    this.#clock = options.clock;
    this.#countMax = options.countMax;
    this.#bytesMax = options.bytesMax ?? BYTES_MAX;
  }

  get counts() {
    return { kept: this.#sizes.size, dropped: this.#dropped };
  }

  async load(): Promise<void> {
    let after: string | undefined;
    for (;;) {
      const page = await this.#page(after, PAGE);
      for (const { id, value } of page) this.#count(id, value.body.length);
      after = page.at(-1)?.id;
      if (page.length < PAGE) break;
    }
    await this.#makeRoom();
  }

  async keep(bytes: Uint8Array, refusal: Refusal): Promise<string | undefined> {
    if (this.#countMax === 0 || this.#writing.size >= WRITING_MAX) {
      this.#dropped += 1;
      return undefined;
    }
    const { size, ...why } = refusal;
    const letter: DeadLetter = { id: this.#nextId(), ...why, ...written(bytes, size ?? bytes.length), replays: 0 };
    this.#count(letter.id, letter.body.length);
    const work = this.#records.put<DeadLetter>('deadletter', letter.id, letter).then(() => this.#makeRoom());
    await this.#tracked(work);
    return letter.id;
  }

  async list(options: { readonly after?: string | undefined; readonly limit: number }): Promise<DeadLetterHead[]> {
    const heads: DeadLetterHead[] = [];
    let after = options.after;
    while (heads.length < options.limit) {
      const wanted = Math.min(PAGE, options.limit - heads.length);
      const page = await this.#page(after, wanted);
      heads.push(...page.map(({ value: { body: _, ...head } }) => head));
      after = page.at(-1)?.id;
      if (page.length < wanted) break;
    }
    return heads;
  }

  get(id: string): Promise<DeadLetter | undefined> {
    return this.#records.get<DeadLetter>('deadletter', id);
  }

  async refusedAgain(letter: DeadLetter, error: ErrorBody): Promise<void> {
    // One that made room for others meanwhile would come back uncounted.
    if (!this.#sizes.has(letter.id)) return;
    await this.#records.put<DeadLetter>('deadletter', letter.id, { ...letter, error, replays: letter.replays + 1 });
  }

  async remove(id: string): Promise<boolean> {
    this.#uncount(id);
    return this.#records.delete('deadletter', id);
  }

  async idle(): Promise<void> {
    while (this.#writing.size > 0) await Promise.allSettled([...this.#writing]);
  }

  async #tracked<T>(work: Promise<T>): Promise<T> {
    this.#writing.add(work);
    try {
      return await work;
    } finally {
      this.#writing.delete(work);
    }
  }

  async #makeRoom(): Promise<void> {
    while (this.#sizes.size > this.#countMax || (this.#bytes > this.#bytesMax && this.#sizes.size > 1)) {
      const oldest = this.#sizes.keys().next().value as string;
      this.#dropped += 1;
      await this.remove(oldest);
    }
  }

  #page(after: string | undefined, limit: number) {
    return this.#records.list<DeadLetter>('deadletter', { limit, ...(after === undefined ? {} : { after }) });
  }

  #count(id: string, bytes: number): void {
    this.#sizes.set(id, bytes);
    this.#bytes += bytes;
  }

  #uncount(id: string): void {
    this.#bytes -= this.#sizes.get(id) ?? 0;
    this.#sizes.delete(id);
  }

  /**
   * Time in base 36 (nine digits until the year 5188) and a number within the millisecond, so that ids sort by age;
   * then a random part, since registries may share a store.
   */
  #nextId(): string {
    const now = this.#clock.nowMs();
    this.#number = now > this.#lastMs ? 0 : this.#number + 1;
    this.#lastMs = Math.max(now, this.#lastMs);
    const time = this.#lastMs.toString(36).padStart(9, '0');
    return `${time}-${this.#number.toString(36).padStart(5, '0')}-${randomBytes(3).toString('hex')}`;
  }
}

function written(bytes: Uint8Array, size: number): Pick<DeadLetter, 'bytes' | 'cut' | 'encoding' | 'body'> {
  const cut = size > WHOLE_BYTES_MAX || size > bytes.length;
  const kept = cut ? bytes.subarray(0, CUT_BYTES) : bytes;
  const encoding = isUtf8(kept) ? 'utf8' : 'base64';
  const body = Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength).toString(encoding);
  return { bytes: size, cut, encoding, body };
}

/**
 * The bytes of a kept message, to replay it.
 * @throws RegistryError `message_truncated` where only its beginning was kept.
 */
export function bytesOf(letter: DeadLetter): Uint8Array {
  if (letter.cut) {
    throw new RegistryError(
      'message_truncated',
      `Of the dead letter ${letter.id} only the beginning is kept: it had ${letter.bytes} bytes`,
      { value: letter.bytes, remedy: 'It cannot be replayed; have its sender send less' },
    );
  }
  return Buffer.from(letter.body, letter.encoding);
}
