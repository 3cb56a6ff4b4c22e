import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Puts the names in a directory on the disk: a file that was synced is else still nameless after a power cut. */
export function syncDirectory(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
