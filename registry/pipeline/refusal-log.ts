import type { Clock, ErrorBody, Logger } from '../../core/index.ts';
import type { Origin } from '../origin.ts';

/** Lines of one error code within one window; the rest is counted and told in one line. */
const LINES_MAX = 10;
const WINDOW_MS = 10_000;

interface Window {
  readonly begun: number;
  lines: number;
  silent: number;
}

/** Logs refusals, each with its evidence, but never more than a bounded number of lines however many come. */
export class RefusalLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  refused(error: ErrorBody, origin: Origin, deadLetter: string | undefined): void {
    const now = this.#clock.nowMs();
    let window = this.#windows.get(error.code);
    if (window === undefined || now - window.begun >= WINDOW_MS) {
      this.#tellSilent(error.code, window);
      window = { begun: now, lines: 0, silent: 0 };
      this.#windows.set(error.code, window);
    }
    if (window.lines >= LINES_MAX) {
      window.silent += 1;
      return;
    }
    window.lines += 1;
    const { remedy: _, message: reason, ...evidence } = error;
    const from =
      origin.via === 'stomp'
        ? { destination: origin.destination, peer: origin.peer }
        : { caller: origin.caller.callerid, line: origin.line };
    this.#logger.warn({ ...evidence, reason, via: origin.via, ...from, deadLetter }, 'registration refused');
  }

  /** Tells what was not logged so far; at the end, so that no count is lost. */
  flush(): void {
    for (const [code, window] of this.#windows) this.#tellSilent(code, window);
    this.#windows.clear();
  }

  #tellSilent(code: string, window: Window | undefined): void {
    if (window === undefined || window.silent === 0) return;
    this.#logger.warn({ code, count: window.silent }, 'more registrations refused, not logged one by one');
  }
}
