import type { McOperator } from './ast.ts';

/** A fact filter as MCollective writes it: what `-F` takes, and each word of `-W` that is one. */
export interface FactFilter {
  readonly fact: string;
  readonly operator: McOperator;
  readonly value: string;
}

/** Signs as typed, the longer before the shorter where they begin alike, and the operator each stands for. */
const SIGNS: readonly (readonly [string, McOperator])[] = [
  ['=>', '>='],
  ['=<', '<='],
  ['<=', '<='],
  ['>=', '>='],
  ['!=', '!='],
  ['==', '=='],
  ['=~', '=~'],
  ['<', '<'],
  ['>', '>'],
  ['=', '=='],
];

/**
 * Reads a fact filter (protocol page 2.5): `os=Debian`, `os=/deb/`, `cores>=8`. The name is what stands before the first
 * sign and holds no blank; blanks around the sign do not count. Undefined where the text is none.
 */
export function parseFactString(text: string): FactFilter | undefined {
  const start = text.search(/[=<>!]/);
  const at = text[start] === '!' && text[start + 1] !== '=' ? text.slice(start + 1).search(/[=<>]/) + start + 1 : start;
  if (at < 1) return undefined;
  const fact = text.slice(0, at).trimEnd();
  if (fact === '' || /\s/.test(fact)) return undefined;
  const sign = SIGNS.find(([typed]) => text.startsWith(typed, at));
  if (sign === undefined) return undefined;
  const value = text.slice(at + sign[0].length).trimStart();
  if (value === '') return undefined;
  const isPattern = sign[0] === '=' && /^\/.+\/$/s.test(value);
  return { fact, operator: isPattern ? '=~' : sign[1], value };
}
