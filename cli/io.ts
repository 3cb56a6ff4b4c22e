import type { Readable, Writable } from 'node:stream';
import { type Clock, systemClock } from '../core/index.ts';

/** A stream that talks, and whether people read it. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  /** Of a terminal, where it says. */
  readonly columns?: number | undefined;
}

/** What a command has of the world outside; tests bring their own. */
export interface CommandIo {
  readonly stdin: Readable & { readonly isTTY?: boolean | undefined };
  /** The answer, and only that. */
  readonly stdout: Output;
  /** Progress, warnings, errors. */
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Resolves when standard output has taken what was written, so that a process may end. */
  drained(): Promise<void>;
}

/** Columns of a terminal that does not say, as after `stty cols 0`. */
const COLUMNS_UNTOLD = 80;

/** How wide the terminal is that a stream goes to; undefined where it goes to none. */
export function terminalColumns({ isTTY, columns }: Output): number | undefined {
  return isTTY === true ? columns || COLUMNS_UNTOLD : undefined;
}

/** This process. A reader of standard output that goes away (`| head`) ends it quietly. */
export function processIo(): CommandIo {
  const { stdout } = process;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    // Opened where it is read: that takes longer than a lookup's own work.
    get stdin() {
      return process.stdin;
    },
    stdout,
    stderr: process.stderr,
    env: process.env,
    clock: systemClock,
    drained: () => drainedStream(stdout),
  };
}

function drainedStream(stream: Writable): Promise<void> {
  if (stream.writableLength === 0) return Promise.resolve();
  return new Promise((resolve) => stream.write('', () => resolve()));
}
