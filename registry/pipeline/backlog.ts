import { limits } from '../../core/index.ts';

/** What may be received and not answered yet; beyond, senders are told to come again. */
const MESSAGES_MAX = 4096;
const BYTES_MAX = 64 * 1024 * 1024;

/** Counts what was received and not answered yet, and wakes who waits for room or for the end of it. */
export class Backlog {
  #messages = 0;
  #bytes = 0;
  readonly #roomWaiters: (() => void)[] = [];
  readonly #idleWaiters: (() => void)[] = [];

  get messages(): number {
    return this.#messages;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** True where a message of so many bytes may come; one alone always may. */
  hasRoomFor(bytes: number): boolean {
    return this.#messages < MESSAGES_MAX && (this.#messages === 0 || this.#bytes + bytes <= BYTES_MAX);
  }

  /** True where a message of full size may come. */
  get hasRoom(): boolean {
    return this.hasRoomFor(limits.messageBytesMax);
  }

  received(bytes: number): void {
    this.#messages += 1;
    this.#bytes += bytes;
  }

  /** `answer` runs between the counting and the waking, so that whoever is woken finds the answer given. */
  answered(bytes: number, answer: () => void): void {
    this.#messages -= 1;
    this.#bytes -= bytes;
    answer();
    if (this.#roomWaiters.length > 0 && this.#messages < MESSAGES_MAX / 2) {
      for (const wake of this.#roomWaiters.splice(0)) wake();
    }
    if (this.#messages === 0) for (const wake of this.#idleWaiters.splice(0)) wake();
  }

  /** Resolves when there is room. */
  async room(): Promise<void> {
    while (!this.hasRoom) await new Promise<void>((resolve) => this.#roomWaiters.push(resolve));
  }

  /** Resolves when everything received is answered. */
  async idle(): Promise<void> {
    while (this.#messages > 0) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }
}
