import { closeSync, openSync, writeSync } from 'node:fs';

/** One receipted registration. */
export interface JournalEntry {
  readonly identity: string;
  readonly msgtime: number;
  readonly sequence: number;
  readonly round: number;
  /** `facts.simulation.generation` that it carried. */
  readonly generation: number;
}

/** Writes one JSON line a receipt. */
export interface SimulationJournal {
  write(entry: JournalEntry): void;
  close(): void;
}

/**
 * A journal of receipts, appended to a file. Each line is with the kernel when `write` returns, so it outlives this
 * process being killed at any moment; that is what a crash test compares the store with.
 */
export function openJournal(file: string): SimulationJournal {
  const handle = openSync(file, 'a', 0o600);
  return {
    write: (entry) => {
      writeSync(handle, `${JSON.stringify(entry)}\n`);
    },
    close: () => closeSync(handle),
  };
}
