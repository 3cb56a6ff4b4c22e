import type { Logger } from './logger.ts';

/** Lines of one kind within one window; the rest is counted and told in one line. */
const LINES_MAX = 10;
const WINDOW_MS = 10_000;

interface Window {
  readonly begunMs: number;
  lines: number;
  silent: number;
}

/**
 * Logs what strangers can bring about as often as they like, but never more than a bounded number of lines: the first of
 * each kind whole, of the others how many there were. Kinds are codes of ours, so their number is bounded too.
 */
export class BoundedLog {
  readonly #logger: Logger;
  readonly #nowMs: () => number;
  readonly #more: string;
  readonly #windows = new Map<string, Window>();

  /** @param more the text of the line that says how many were not logged. */
  constructor(logger: Logger, nowMs: () => number, more: string) {
    this.#logger = logger;
    this.#nowMs = nowMs;
    this.#more = more;
  }

  /** One line, or one more counted. */
  log(level: 'info' | 'warn', kind: string, fields: Readonly<Record<string, unknown>>, text: string): void {
    const nowMs = this.#nowMs();
    let window = this.#windows.get(kind);
    if (window === undefined || nowMs - window.begunMs >= WINDOW_MS) {
      this.#tell(kind, window);
      window = { begunMs: nowMs, lines: 0, silent: 0 };
      this.#windows.set(kind, window);
    }
    if (window.lines >= LINES_MAX) {
      window.silent += 1;
      return;
    }
    window.lines += 1;
    this.#logger[level](fields, text);
  }

  /** Tells what is counted and not told: of windows that are over, or of all. */
  tellSilent(all = false): void {
    const nowMs = this.#nowMs();
    for (const [kind, window] of this.#windows) {
      if (!all && nowMs - window.begunMs < WINDOW_MS) continue;
      this.#tell(kind, window);
      this.#windows.delete(kind);
    }
  }

  #tell(kind: string, window: Window | undefined): void {
    if (window === undefined || window.silent === 0) return;
    this.#logger.warn({ code: kind, count: window.silent }, this.#more);
  }
}
