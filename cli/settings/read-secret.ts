import { readFileSync } from 'node:fs';
import { CliError } from '../errors.ts';

/** The text of a file that the configuration names. Throws CliError `key_unreadable`. */
export function readSecret(file: string, field: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CliError('key_unreadable', `Cannot read ${field} ${file}: ${(cause as Error).message}`, {
      field,
      value: file,
      cause,
    });
  }
}
