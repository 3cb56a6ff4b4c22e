import { CliError } from '../errors.ts';

/** The one word that a command takes. Throws CliError `usage` for none or several. */
export function oneWord(words: readonly string[], what: string): string {
  const [word, ...more] = words;
  if (word === undefined || more.length > 0)
    throw new CliError('usage', `One ${what} was expected, ${words.length} came`);
  return word;
}

/** The words of a command that takes at least one. Throws CliError `usage` for none. */
export function someWords(words: readonly string[], what: string): readonly string[] {
  if (words.length === 0) throw new CliError('usage', `At least one ${what} was expected`);
  return words;
}

/** Refuses words where a command takes none. */
export function noWords(words: readonly string[]): void {
  if (words.length > 0) throw new CliError('usage', `No word was expected, ${words[0]} came`);
}
