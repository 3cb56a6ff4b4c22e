import type { Logger } from '../../core/index.ts';

/** What was opened and is to be closed, the last first. */
export class Lifetime {
  readonly #logger: Logger;
  readonly #parts: { readonly name: string; readonly close: () => Promise<unknown> }[] = [];
  #closing: Promise<void> | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Notes how a part is closed. */
  add(name: string, close: () => Promise<unknown>): void {
    this.#parts.push({ name, close });
  }

  /** Closes every part in the reverse order of opening; one that fails is logged and keeps no other open. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const { name, close } of this.#parts.reverse()) {
      const startedMs = performance.now();
      try {
        await close();
        this.#logger.debug({ part: name, ms: Math.round(performance.now() - startedMs) }, 'A part has stopped');
      } catch (err) {
        this.#logger.error({ part: name, err }, 'A part did not stop as it should');
      }
    }
  }
}
