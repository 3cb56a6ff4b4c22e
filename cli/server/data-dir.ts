import { accessSync, constants, mkdirSync } from 'node:fs';
import { CliError } from '../errors.ts';

/** Makes the data directory where there is none, for this user alone. Throws CliError `data_dir_unusable`. */
export function ensureDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
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
