import { shownValue } from '../../core/index.ts';
import type { Query } from './ast.ts';
import { queryLimits, shortField } from './bounds.ts';
import { QueryError } from './errors.ts';
import { parseSource } from './json-query.ts';
import { BareWord, RegexLiteral } from './source.ts';

/*
 * The relaxed form: `{'facts.customer': 'acme', 'facts.environment':development, classes: 'mysql::master'}`. Keys and
 * values may be quoted either way or not at all, `=>` stands for `:`, a comma may trail, `/re/i` is a regular
 * expression. It is read by this grammar and never evaluated. JSON is a part of it.
 *
 *   query  = object                              nothing may follow it
 *   object = "{" [ key (":" | "=>") value { "," key (":" | "=>") value } [ "," ] ] "}"      a key once only
 *   array  = "[" [ value { "," value } [ "," ] ] "]"
 *   value  = object | array | quoted | /regex/imsx | word | ${name}
 */

/** Values for the `${name}` places of a query text. They are never read as syntax. */
export type QueryValues = Readonly<Record<string, string>>;

/**
 * Reads the relaxed form. A bare word on a fact means the text or the equal number or boolean.
 * @param values what `${customer}` and `'${customer}'` stand for; where left out, `${` in quotes is plain text.
 * @throws QueryError `query_syntax` with offset and the key at fault, and the errors of `parseJsonQuery`.
 */
export function parseRelaxedQuery(text: string, values?: QueryValues): Query {
  return parseSource(new RelaxedReader(text, values, false).read());
}

/**
 * Reads a query written as text: a JSON document means exactly what it means to MongoDB (`8` is a number), anything
 * else is read by the relaxed form.
 * @throws QueryError as {@link parseRelaxedQuery}.
 */
export function parseQueryText(text: string, values?: QueryValues): Query {
  return parseSource(new RelaxedReader(text, values, isJson(text)).read());
}

/** A text as a quoted value of the relaxed form and of JSON: whatever it holds, it stays one value. */
export function quoteValue(text: string): string {
  return JSON.stringify(text);
}

function isJson(text: string): boolean {
  if (text.length > queryLimits.textCharactersMax) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const BLANK = /[\s\ufeff]/;
/** What a value without quotes may hold. Anything else is likelier a slip than meant. */
const WORD = /[^\s,:{}[\]'"`=>()|;&<\\]+(?::+[^\s,:{}[\]'"`=>()|;&<\\]+)*/uy;
/** A key without quotes: names and dots, a segment in double quotes where it holds dots itself. */
const KEY = /(?:\."(?:[^"\\]|\\.)*"|[^\s,:{}[\]'"`=>()|;&<\\])+/uy;
const PLACE = /\$\{\s*(?:::)?([A-Za-z_][\w.:]*)\s*\}/y;

class RelaxedReader {
  readonly #text: string;
  readonly #values: QueryValues | undefined;
  /** True where the text is JSON: words are JSON's numbers, true, false and null. */
  readonly #json: boolean;
  #at = 0;
  #level = 0;
  #keys: string[] = [];

  constructor(text: string, values: QueryValues | undefined, json: boolean) {
    this.#text = text;
    this.#values = values;
    this.#json = json;
  }

  read(): unknown {
    if (this.#text.length > queryLimits.textCharactersMax)
      throw new QueryError(
        'query_too_large',
        `The query has ${this.#text.length} characters, over ${queryLimits.textCharactersMax}`,
      );
    this.#blanks();
    if (this.#text[this.#at] !== '{') this.#fail('a query starts with {');
    const value = this.#value();
    this.#blanks();
    if (this.#at < this.#text.length) this.#fail('text follows the end of the query');
    return value;
  }

  #fail(why: string): never {
    const key = this.#keys.length === 0 ? '' : ` in ${shortField(this.#keys.join('.'))}`;
    const rest = this.#text.slice(this.#at, this.#at + 20);
    throw new QueryError(
      'query_syntax',
      `The query cannot be read at character ${this.#at + 1}${key}: ${why}; here stands ${rest === '' ? 'the end' : shownValue(rest)}`,
      { offset: this.#at, ...(this.#keys.length === 0 ? {} : { field: shortField(this.#keys.join('.')) }) },
    );
  }

  #blanks(): void {
    while (this.#at < this.#text.length && BLANK.test(this.#text[this.#at] as string)) this.#at += 1;
  }

  #value(): unknown {
    this.#level += 1;
    if (this.#level > queryLimits.depthMax)
      throw new QueryError('query_too_large', `The query has more than ${queryLimits.depthMax} levels of nesting`, {
        offset: this.#at,
      });
    const value = this.#anyValue();
    this.#level -= 1;
    return value;
  }

  #anyValue(): unknown {
    const character = this.#text[this.#at];
    if (character === '{') return this.#object();
    if (character === '[') return this.#array();
    if (character === "'" || character === '"') return this.#quoted(character, true);
    if (character === '/') return this.#regex();
    if (character === '$') return this.#placeholder();
    const word = this.#match(WORD);
    if (word === undefined) {
      if (character === undefined || character === ',' || character === '}' || character === ']')
        this.#fail('a value is missing (an empty variable?)');
      return this.#fail('a value of these characters needs quotes');
    }
    return this.#json ? (JSON.parse(word) as unknown) : new BareWord(word);
  }

  #object(): unknown {
    const object: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    this.#at += 1;
    for (;;) {
      this.#blanks();
      if (this.#text[this.#at] === '}') break;
      const start = this.#at;
      const key = this.#key();
      if (Object.hasOwn(object, key)) {
        this.#at = start;
        this.#fail(`the key ${shownValue(key)} stands here a second time`);
      }
      this.#keys.push(key);
      this.#blanks();
      if (this.#text[this.#at] === ':') this.#at += 1;
      else if (this.#text.startsWith('=>', this.#at)) this.#at += 2;
      else this.#fail('a : or => was expected after the key');
      this.#blanks();
      object[key] = this.#value();
      this.#blanks();
      if (this.#text[this.#at] !== '}') {
        if (this.#text[this.#at] !== ',') this.#fail('a , or } was expected after the value (a quote in the value?)');
        this.#at += 1;
      }
      this.#keys.pop();
    }
    this.#at += 1;
    return object;
  }

  #key(): string {
    const character = this.#text[this.#at];
    if (character === "'" || character === '"') return this.#quoted(character);
    return this.#match(KEY) ?? this.#fail('a key was expected');
  }

  #array(): unknown {
    const array: unknown[] = [];
    this.#at += 1;
    for (;;) {
      this.#blanks();
      if (this.#text[this.#at] === ']') break;
      array.push(this.#value());
      this.#blanks();
      if (this.#text[this.#at] === ']') break;
      if (this.#text[this.#at] !== ',') this.#fail('a , or ] was expected after the value');
      this.#at += 1;
    }
    this.#at += 1;
    return array;
  }

  /** A quoted text: JSON's escapes in both kinds of quotes, and in values the `${name}` places filled in. */
  #quoted(quote: string, isValue = false): string {
    const start = this.#at;
    let text = '';
    this.#at += 1;
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) {
        this.#at = start;
        this.#fail('a quote is not closed');
      }
      const value = isValue && character === '$' ? this.#valueAt() : undefined;
      if (value !== undefined) {
        text += value;
        continue;
      }
      this.#at += 1;
      if (character === quote) return text;
      text += character === '\\' ? this.#escape() : character;
    }
  }

  #escape(): string {
    const character = this.#text[this.#at] ?? '';
    const plain = ESCAPES[character];
    if (plain !== undefined) {
      this.#at += 1;
      return plain;
    }
    const hex = /^u([0-9a-fA-F]{4})/.exec(this.#text.slice(this.#at, this.#at + 5));
    if (hex === null) this.#fail('a backslash starts no known escape; write it twice');
    this.#at += 5;
    return String.fromCharCode(Number.parseInt(hex[1] as string, 16));
  }

  /** Slashes to the next one not escaped and not in a class; options follow at once. */
  #regex(): RegexLiteral {
    const start = this.#at;
    let source = '';
    let inClass = false;
    this.#at += 1;
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined || character === '\n') {
        this.#at = start;
        this.#fail('a regular expression is not closed (a text with / needs quotes)');
      }
      this.#at += 1;
      if (character === '/' && !inClass) break;
      if (character === '[') inClass = true;
      else if (character === ']') inClass = false;
      source += character;
      if (character === '\\') {
        const next = this.#text[this.#at] ?? '';
        source = next === '/' ? `${source.slice(0, -1)}/` : source + next;
        this.#at += 1;
      }
    }
    const options = this.#match(/[A-Za-z]*/y) ?? '';
    if (!/^[imsx]*$/.test(options)) this.#fail('a regular expression takes the options i, m, s, x');
    return new RegexLiteral(source, options);
  }

  #placeholder(): BareWord {
    const value = this.#valueAt();
    if (value === undefined) this.#fail('a value of these characters needs quotes');
    if (value === '') this.#fail('a value is missing (the variable is empty)');
    return new BareWord(value);
  }

  /** The value of the `${name}` that starts here; undefined where none does or no values came. */
  #valueAt(): string | undefined {
    if (this.#values === undefined) return undefined;
    const start = this.#at;
    PLACE.lastIndex = start;
    const name = PLACE.exec(this.#text)?.[1];
    if (name === undefined) return undefined;
    if (!Object.hasOwn(this.#values, name)) this.#fail(`no value came for ${shownValue(name)}`);
    this.#at = PLACE.lastIndex;
    return this.#values[name];
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined || found === '') return undefined;
    this.#at += found.length;
    return found;
  }
}

const ESCAPES: Readonly<Record<string, string>> = Object.freeze({
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  $: '$',
});
