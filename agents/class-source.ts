import { type Logger, limits } from '../core/index.ts';
import { decodeFactText } from './facts/fact-text.ts';
import { readFactFile } from './facts/facts-file.ts';

/** Longest class name that a registration may hold (core/node-document.ts). */
const CLASS_CHARACTERS_MAX = 1024;

/** Gives the classes that configuration management applied, as they are now. Never rejects. */
export type ClassSource = () => Promise<readonly string[]>;

/**
 * The classes of the first file that exists: one a line, in the file's order, each once. Blank lines and comments are
 * left out. No file, no classes. A file that is there and cannot be read is named in the log, and the classes read last
 * stand.
 */
export function createClassSource(files: readonly string[], logger: Logger): ClassSource {
  let last: readonly string[] = [];
  let warned = '';
  const warn = (reason: string, file: string): void => {
    if (reason !== warned) logger.warn({ code: 'fact_source_failed', source: file, reason }, 'Class source has faults');
    warned = reason;
  };
  return async () => {
    for (const file of files) {
      try {
        const bytes = await readFactFile(file);
        if (bytes === undefined) continue;
        const names = parseClasses(decodeFactText(bytes, file));
        const fitting = names.filter((name) => name.length <= CLASS_CHARACTERS_MAX).slice(0, limits.listEntriesMax);
        if (fitting.length < names.length)
          warn(`${names.length - fitting.length} of its classes are too long or too many`, file);
        else warned = '';
        last = fitting;
      } catch (cause) {
        warn((cause as Error).message, file);
      }
      return last;
    }
    last = [];
    return last;
  };
}

/** Lines of a classes file as names, each once. */
export function parseClasses(text: string): readonly string[] {
  const names = text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return [...new Set(names)];
}
