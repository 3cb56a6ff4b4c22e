import { BoundedLog, type Clock, type ErrorBody, type Logger } from '../../core/index.ts';
import type { Origin } from '../origin.ts';

/** Logs refusals, each with its evidence, but never more than a bounded number of lines however many come. */
export class RefusalLog {
  readonly #log: BoundedLog;

  constructor(logger: Logger, clock: Clock) {
    this.#log = new BoundedLog(logger, () => clock.nowMs(), 'more registrations refused, not logged one by one');
  }

  refused(error: ErrorBody, origin: Origin, deadLetter: string | undefined): void {
    const { remedy: _, message: reason, ...evidence } = error;
    const from =
      origin.via === 'stomp'
        ? { destination: origin.destination, peer: origin.peer }
        : { caller: origin.caller.callerid, line: origin.line };
    const line = { ...evidence, reason, via: origin.via, ...from, deadLetter };
    this.#log.log('warn', error.code, line, 'registration refused');
  }

  /** Tells what was not logged so far; at the end, so that no count is lost. */
  flush(): void {
    this.#log.tellSilent(true);
  }
}
