/*
 * Long work is done in slices, so that others get their turn: a generator yields where its slice is over, or a promise
 * where it must wait for something. One slice of all such work runs in each round of the event loop.
 */

/** What a sliced computation yields: nothing where its slice is over, or what it waits for. */
export type Step = Promise<unknown> | undefined;

/** A computation in slices. What it is sent after yielding a promise is what that promise gave. */
export type Sliced<T> = Generator<Step, T, unknown>;

/** Milliseconds of a slice. */
export const SLICE_MS = 4;

/** Tells a computation when its slice is over. */
export class Pace {
  #until: number;

  constructor() {
    this.#until = performance.now() + SLICE_MS;
  }

  /** True once the slice is over. */
  due(): boolean {
    return performance.now() >= this.#until;
  }

  /** A new slice begins. */
  restart(): void {
    this.#until = performance.now() + SLICE_MS;
  }
}

/** How long a computation may go on, and what it ends with then. */
export interface RunLimit {
  readonly milliseconds: number;
  readonly error: () => Error;
}

/** Gives turns: one in each round of the event loop, in the order asked. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #pumping = false;
  /** Longest slice since it was last read, milliseconds, of those measured by {@link run}. */
  longestMs = 0;

  /** Resolves when it is the caller's turn. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#pumping) return;
      this.#pumping = true;
      setImmediate(() => this.#pump());
    });
  }

  /** Runs a sliced computation to its end: the first slice at once, each further one in its turn. */
  async run<T>(work: Sliced<T>, pace: Pace, limit?: RunLimit): Promise<T> {
    const first = performance.now();
    let sent: unknown;
    for (;;) {
      const began = performance.now();
      const late = limit !== undefined && began - first > limit.milliseconds;
      const step = late ? work.throw(limit.error()) : work.next(sent);
      const took = performance.now() - began;
      if (took > this.longestMs) this.longestMs = took;
      if (step.done) return step.value;
      sent = step.value === undefined ? undefined : await step.value;
      await this.next();
      pace.restart();
    }
  }

  #pump(): void {
    this.#waiting.shift()?.();
    if (this.#waiting.length > 0) setImmediate(() => this.#pump());
    else this.#pumping = false;
  }
}
