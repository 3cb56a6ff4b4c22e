import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Clock, epochSeconds, type Logger, limits } from '../core/index.ts';

/*
 * The order of a node's messages. A registry takes a registration only when its (msgtime, sequence) is newer than the
 * one it holds, so the order must grow over restarts and over clocks that are set back. The last one given out is kept
 * in a file, written before the message goes out. A node whose disk is full is to be seen all the more, so an order that
 * cannot be kept is said in the log and used.
 */

/** A place in the order of one sender's messages. */
export interface OrderMark {
  /** Unix seconds. */
  readonly msgtime: number;
  readonly sequence: number;
}

/** Gives out orders that only grow. */
export interface MessageOrderKeeper {
  /** The next order, on disk when it is returned, where the disk lets it. */
  next(): OrderMark;
}

const FILE = 'message-order.json';

/**
 * Keeps the order in `message-order.json` of the state directory, mode 0600.
 *
 * When the clock is behind the last message, that message's time is used on, with a greater sequence, so that the new
 * one is not taken for a replay; but at most `limits.clockSkewSeconds` ahead of the clock, since a registry refuses
 * what is dated further. Both are said in the log.
 */
export function createMessageOrder(stateDir: string, clock: Clock, logger: Logger): MessageOrderKeeper {
  const file = join(stateDir, FILE);
  let last = readMark(file, logger);
  let warned = false;
  let unkept = false;

  function msgtimeAfter(previous: number, now: number): number {
    const behind = previous - now;
    if (behind <= 0) {
      warned = false;
      return now;
    }
    const capped = behind > limits.clockSkewSeconds;
    if (!warned) {
      logger.warn(
        { clock: now, lastMessage: previous, behindSeconds: behind },
        capped
          ? 'The clock is far behind the last message sent. Registrations are refused as replayed until it has caught up; if the clock was wrong then, the registry needs muster node forget'
          : 'The clock is behind the last message sent; its time is used on until the clock has caught up',
      );
    }
    warned = true;
    return capped ? now + limits.clockSkewSeconds : previous;
  }

  return {
    next() {
      const now = epochSeconds(clock);
      last =
        last === undefined
          ? { msgtime: now, sequence: 0 }
          : { msgtime: msgtimeAfter(last.msgtime, now), sequence: last.sequence + 1 };
      try {
        writeMark(file, stateDir, last);
        unkept = false;
      } catch (cause) {
        if (!unkept) logger.error({ file, reason: (cause as Error).message }, 'The order of messages cannot be kept');
        unkept = true;
      }
      return last;
    },
  };
}

function readMark(file: string, logger: Logger): OrderMark | undefined {
  try {
    const { msgtime, sequence } = JSON.parse(readFileSync(file, 'utf8')) as Partial<OrderMark>;
    if (Number.isSafeInteger(msgtime) && Number.isSafeInteger(sequence)) {
      return { msgtime: msgtime as number, sequence: sequence as number };
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  }
  logger.warn({ file }, 'The last message order cannot be read; it starts again at the clock');
  return undefined;
}

/** Whole under another name first, then renamed: a crash leaves the old mark or the new one. */
function writeMark(file: string, stateDir: string, mark: OrderMark): void {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const draft = `${file}.new`;
  // What a crash left there, or somebody put there: a link would have us write elsewhere.
  rmSync(draft, { force: true });
  const handle = openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    writeSync(handle, `${JSON.stringify(mark)}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, file);
}
