import { WireError } from '../errors.ts';
import type { FrameHeaders } from '../link.ts';

interface PendingSend {
  readonly resolve: (headers: FrameHeaders) => void;
  readonly reject: (error: WireError) => void;
  readonly timer: NodeJS.Timeout;
}

/** Sends whose RECEIPT has not come yet, by its id. */
export class PendingSends {
  readonly #timeoutMs: number;
  readonly #sends = new Map<string, PendingSend>();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  get size(): number {
    return this.#sends.size;
  }

  /** Resolves with the RECEIPT's headers; rejects with `broker_unreachable` when it does not come in time. */
  wait(id: string): Promise<FrameHeaders> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#sends.delete(id);
        reject(unreachable(`No receipt from the broker within ${this.#timeoutMs} ms`));
      }, this.#timeoutMs);
      this.#sends.set(id, { resolve, reject, timer });
    });
  }

  /** The RECEIPT came. One that nobody waits for any more is ignored. */
  settle(id: string, headers: FrameHeaders): void {
    const pending = this.#sends.get(id);
    if (pending === undefined) return;
    this.#sends.delete(id);
    clearTimeout(pending.timer);
    pending.resolve(headers);
  }

  /** No RECEIPT will come: the connection is gone. */
  rejectAll(reason: string): void {
    const sends = [...this.#sends.values()];
    this.#sends.clear();
    for (const { reject, timer } of sends) {
      clearTimeout(timer);
      reject(unreachable(`No receipt from the broker: ${reason}`));
    }
  }
}

/** The error of a send that is to be sent again. */
export function unreachable(message: string): WireError {
  return new WireError('broker_unreachable', message);
}
