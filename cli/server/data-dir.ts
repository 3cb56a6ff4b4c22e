import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CliError } from '../errors.ts';

/** Makes the data directory where there is none, for this user alone. Throws CliError `data_dir_unusable`. */
export function ensureDataDir(dataDir: string): void {
  try {
    makeDirectory(resolve(dataDir));
    accessSync(dataDir, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new CliError(
      'data_dir_unusable',
      `The data directory ${dataDir} cannot be used: ${(cause as Error).message}`,
      {
        field: 'dataDir',
        value: dataDir,
        cause,
      },
    );
  }
}

/**
 * Makes a directory and those above it. Not by mkdir's own `recursive`, which never returns where a file system has no
 * room for names, as below /proc [nodejs/node: src/node_file.cc].
 */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Somebody else was quicker.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
