import type { ErrorBody, MusterError } from '../../core/index.ts';
import { RegistryError } from '../errors.ts';
import type { FeedPosition } from '../node-store.ts';
import type { Origin } from '../origin.ts';
import type { Outcome } from '../pipeline/outcome.ts';
import type { Registry } from '../registry.ts';
import type { Piece } from './split-lines.ts';

/** One refusal in an answer: which registration of the request, and why. */
export interface RefusalEntry extends Omit<ErrorBody, 'remedy'> {
  /** From 1; for NDJSON the line, for an array the element. */
  readonly line: number;
  /** Id of the dead letter, absent where none was kept. */
  readonly deadLetter?: string;
}

/** What became of the registrations of one request. */
export interface IntakeReport {
  readonly received: number;
  readonly inserted: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly duplicate: number;
  readonly refused: number;
  /** Numbers that no double holds, kept as strings. */
  readonly largeNumbersAsText: number;
  /** The store's position after the last write; null where nothing was written. */
  readonly position: FeedPosition | null;
  /** The first refusals, at most {@link REFUSALS_SHOWN_MAX}; all of them are counted in `refused`. */
  readonly refusals: readonly RefusalEntry[];
}

/** Refusals told in one answer; the rest are among the dead letters. */
export const REFUSALS_SHOWN_MAX = 100;
/** Registrations of one request that may be on their way: enough for full batches, little memory a client. */
const IN_FLIGHT_MAX = 1024;
const IN_FLIGHT_BYTES_MAX = 8 * 1024 * 1024;
/** How long a request waits for room in the registry's queue before it is told to come again. */
const ROOM_WAIT_MS = 10_000;

/**
 * Feeds the pieces of one request to the registry and counts what became of them. `take` resolves when another piece may
 * come: awaiting it is the back-pressure that holds the sender's socket.
 */
export class Intake {
  readonly #registry: Pick<Registry, 'submit' | 'room' | 'hasRoom'>;
  readonly #origin: Extract<Origin, { via: 'http' }>;
  readonly #counts = { received: 0, inserted: 0, changed: 0, unchanged: 0, duplicate: 0, refused: 0 };
  readonly #refusals: RefusalEntry[] = [];
  #largeNumbersAsText = 0;
  #position: FeedPosition | null = null;
  #firstError: unknown;
  #firstRefusal: MusterError | undefined;
  #inFlight = 0;
  #inFlightBytes = 0;
  #wake: (() => void) | undefined;

  constructor(registry: Pick<Registry, 'submit' | 'room' | 'hasRoom'>, origin: Extract<Origin, { via: 'http' }>) {
    this.#registry = registry;
    this.#origin = origin;
  }

  /** @throws the error of the first registration that could not be decided (store, overload): the rest has no better luck. */
  async take(piece: Piece): Promise<void> {
    while (this.#inFlight >= IN_FLIGHT_MAX || this.#inFlightBytes > IN_FLIGHT_BYTES_MAX) await this.#change();
    if (this.#firstError !== undefined) throw this.#firstError;
    if (!this.#registry.hasRoom) await this.#room();
    this.#counts.received += 1;
    this.#inFlight += 1;
    this.#inFlightBytes += piece.bytes.length;
    void this.#registry
      .submit(piece.bytes, { ...this.#origin, line: piece.line }, piece.size)
      .then(
        (outcome) => this.#note(piece, outcome),
        (error: unknown) => {
          this.#firstError ??= error;
        },
      )
      .finally(() => {
        this.#inFlight -= 1;
        this.#inFlightBytes -= piece.bytes.length;
        this.#wake?.();
      });
  }

  /** Resolves when everything taken is decided. */
  async settled(): Promise<void> {
    while (this.#inFlight > 0) await this.#change();
    if (this.#firstError !== undefined) throw this.#firstError;
  }

  report(): IntakeReport {
    return {
      ...this.#counts,
      largeNumbersAsText: this.#largeNumbersAsText,
      position: this.#position,
      refusals: [...this.#refusals].sort((a, b) => a.line - b.line),
    };
  }

  /** The error of the first refusal told; what a request of one registration is answered by. */
  get firstRefusal(): MusterError | undefined {
    return this.#firstRefusal;
  }

  #note(piece: Piece, outcome: Outcome): void {
    if (outcome.kind === 'taken') {
      this.#counts[outcome.outcome] += 1;
      this.#largeNumbersAsText += outcome.keptAsText;
      this.#position = outcome.position;
      return;
    }
    this.#counts.refused += 1;
    this.#firstRefusal ??= outcome.error;
    if (this.#refusals.length >= REFUSALS_SHOWN_MAX) return;
    const { remedy: _, ...why } = outcome.error.toJSON();
    const { deadLetter } = outcome;
    this.#refusals.push({ line: piece.line, ...why, ...(deadLetter === undefined ? {} : { deadLetter }) });
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async #room(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new RegistryError('overloaded', 'The registry has more work than it may queue')),
        ROOM_WAIT_MS,
      );
    });
    try {
      await Promise.race([this.#registry.room(), tooLong]);
    } finally {
      clearTimeout(timer);
    }
  }
}
