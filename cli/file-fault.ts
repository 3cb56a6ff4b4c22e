import { CliError } from './errors.ts';

/** What a file system said of a file named on the command line, as CliError `file_unreadable`; others as they are. */
export function fileFault(error: unknown, file: string): unknown {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (syscall !== 'open' && syscall !== 'read') return error;
  return new CliError('file_unreadable', `Cannot read ${file}: ${message}`, { value: code ?? '', cause: error });
}
