import { shownValue } from '../../core/index.ts';
import { WireError } from '../errors.ts';

/** One word of a selector and where it stands. */
export type Word =
  | { readonly kind: 'name' | 'keyword' | 'sign' | 'text'; readonly text: string; readonly offset: number }
  | { readonly kind: 'number'; readonly value: number; readonly text: string; readonly offset: number };

const KEYWORDS = ['AND', 'OR', 'NOT', 'IN', 'LIKE', 'ESCAPE', 'IS', 'NULL', 'BETWEEN', 'TRUE', 'FALSE'];
const PATTERN =
  /\s+|([A-Za-z_$][A-Za-z0-9_$.-]*)|('(?:[^']|'')*')|([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(<>|<=|>=|[=<>(),])/y;

/** WireError `selector_invalid` that says what is wrong, where. */
export function selectorInvalid(source: string, offset: number, why: string): WireError {
  return new WireError('selector_invalid', `Selector ${shownValue(source)}: ${why} at ${offset}`, {
    offset,
    value: shownValue(source),
  });
}

/**
 * The words of a selector. Names may hold `-` and `.`, as STOMP headers do; a text's doubled quote is one.
 * @throws WireError `selector_invalid` with the offset.
 */
export function selectorWords(source: string): readonly Word[] {
  const words: Word[] = [];
  const pattern = new RegExp(PATTERN);
  let offset = 0;
  while (offset < source.length) {
    pattern.lastIndex = offset;
    const match = pattern.exec(source);
    if (match === null) {
      throw selectorInvalid(
        source,
        offset,
        source[offset] === "'" ? 'a text is not closed' : 'an unexpected character',
      );
    }
    const [whole, name, text, number, sign] = match;
    if (name !== undefined) {
      const upper = name.toUpperCase();
      const keyword = KEYWORDS.includes(upper);
      words.push({ kind: keyword ? 'keyword' : 'name', text: keyword ? upper : name, offset });
    } else if (text !== undefined) {
      words.push({ kind: 'text', text: text.slice(1, -1).replaceAll("''", "'"), offset });
    } else if (number !== undefined) words.push({ kind: 'number', value: Number(number), text: number, offset });
    else if (sign !== undefined) words.push({ kind: 'sign', text: sign, offset });
    offset += whole.length;
  }
  return words;
}
