/** Messages and bytes that wait for a consumer's word, of all connections together. */
export class InFlightTotal {
  readonly #bytesMax: number;
  #bytes = 0;
  #messages = 0;
  readonly #waiting = new Set<() => void>();
  #onIdle: (() => void) | undefined;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get full(): boolean {
    return this.#bytes >= this.#bytesMax;
  }

  get messages(): number {
    return this.#messages;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    this.#messages += 1;
  }

  remove(bytes: number): void {
    this.#bytes -= bytes;
    this.#messages -= 1;
    if (this.#messages === 0) this.#onIdle?.();
    if (this.full || this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const go of waiting) go();
  }

  /** Calls `go` once there is room. */
  whenRoom(go: () => void): void {
    this.#waiting.add(go);
  }

  /** Resolves when nothing waits any more. */
  idle(): Promise<void> {
    if (this.#messages === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }
}
