import { access, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Reads the system's own files: /proc, /sys, /etc. Tests point it at a folder laid out like another machine. */
export interface SystemFiles {
  /** Text of a file, undefined where it is not there or may not be read. */
  read(path: string): Promise<string | undefined>;
  /** Text without blanks around it; undefined also where nothing is left. */
  readTrimmed(path: string): Promise<string | undefined>;
  /** Names in a folder, sorted; none where it is not there. */
  list(path: string): Promise<readonly string[]>;
  exists(path: string): Promise<boolean>;
  /** Where a symbolic link points to. */
  link(path: string): Promise<string | undefined>;
}

/** The files below a root, `/` for this machine. */
export function systemFiles(root = '/'): SystemFiles {
  const at = (path: string): string => join(root, path);
  const read = (path: string): Promise<string | undefined> => readFile(at(path), 'utf8').catch(() => undefined);
  return {
    read,
    async readTrimmed(path) {
      const text = (await read(path))?.trim();
      return text === '' ? undefined : text;
    },
    list: (path) =>
      readdir(at(path)).then(
        (names) => names.sort(),
        () => [],
      ),
    exists: (path) =>
      access(at(path)).then(
        () => true,
        () => false,
      ),
    link: (path) => readlink(at(path)).catch(() => undefined),
  };
}

/** An object without the entries that are undefined. */
export function defined<T>(entries: Readonly<Record<string, T | undefined>>): Record<string, T> {
  const result: Record<string, T> = {};
  for (const [key, value] of Object.entries(entries)) if (value !== undefined) result[key] = value;
  return result;
}
