import type { JsonObject } from '../../core/index.ts';
import { emptyFacts } from './fact-values.ts';

/** What {@link parseKeyValue} read. */
export interface KeyValueReading {
  readonly facts: JsonObject;
  /** One for each line that is neither `key=value`, comment nor blank. */
  readonly warnings: readonly string[];
}

/**
 * Reads `key=value` lines. Split at the first `=`, so a value may hold others; blanks around key and value are cut;
 * lines that are blank or begin with `#` are ignored; of a key that comes twice the later wins. Values are strings.
 */
export function parseKeyValue(text: string): KeyValueReading {
  const facts = emptyFacts();
  const warnings: string[] = [];
  text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .forEach((raw, i) => {
      const line = raw.trim();
      if (line === '' || line.startsWith('#')) return;
      const at = line.indexOf('=');
      const key = line.slice(0, Math.max(at, 0)).trim();
      if (key === '') warnings.push(`line ${i + 1} is not key=value`);
      else
        facts[key] = line
          .slice(at + 1)
          .trim()
          .replaceAll('\0', '');
    });
  return { facts, warnings };
}
