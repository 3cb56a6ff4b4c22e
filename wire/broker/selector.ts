import type { FrameHeaders } from '../link.ts';
import { likeMatcher } from './like.ts';
import { selectorInvalid, selectorWords, type Word } from './selector-words.ts';

/*
 * Selectors: the part of JMS' SQL-92 that MCollective and its brokers' users write. Three-valued: a header that is not
 * there makes a comparison unknown, and only what is true is delivered. Headers are texts; beside a number literal one
 * counts as a number where it looks like one, and is unknown where not.
 */

/** Characters of a selector. */
export const SELECTOR_CHARACTERS_MAX = 4096;
/** Levels of parentheses and NOT. */
export const SELECTOR_DEPTH_MAX = 32;
/** Comparisons and list entries in one selector. */
export const SELECTOR_TERMS_MAX = 256;

/** A selector ready to run. */
export interface Selector {
  readonly source: string;
  readonly matches: (headers: FrameHeaders) => boolean;
  /** Where the whole is one `name = 'text'`: so that a broker may look subscribers up instead of trying each. */
  readonly equality: { readonly name: string; readonly value: string } | undefined;
}

type Truth = boolean | undefined;
type Test = (headers: FrameHeaders) => Truth;
type Value = string | number | boolean | undefined;
interface Operand {
  readonly of: (headers: FrameHeaders) => Value;
  readonly name?: string;
  readonly text?: string;
}

/**
 * Reads a selector.
 * @throws WireError `selector_invalid` with the offset.
 */
export function parseSelector(source: string): Selector {
  if (source.length > SELECTOR_CHARACTERS_MAX) {
    throw selectorInvalid(source, SELECTOR_CHARACTERS_MAX, `more than ${SELECTOR_CHARACTERS_MAX} characters`);
  }
  const parser = new SelectorParser(source);
  const test = parser.whole();
  return { source, matches: (headers) => test(headers) === true, equality: equalityOf(selectorWords(source)) };
}

function equalityOf(words: readonly Word[]): Selector['equality'] {
  const [name, sign, text] = words;
  return words.length === 3 && name?.kind === 'name' && sign?.text === '=' && text?.kind === 'text'
    ? { name: name.text, value: text.text }
    : undefined;
}

class SelectorParser {
  readonly #source: string;
  readonly #words: readonly Word[];
  #at = 0;
  #depth = 0;
  #terms = 0;

  constructor(source: string) {
    this.#source = source;
    this.#words = selectorWords(source);
  }

  whole(): Test {
    const test = this.#or();
    if (this.#at < this.#words.length) throw this.#wrong('AND, OR or the end was expected');
    return test;
  }

  #or(): Test {
    const tests = [this.#and()];
    while (this.#take('keyword', 'OR')) tests.push(this.#and());
    if (tests.length === 1) return tests[0] as Test;
    return (headers) => {
      let truth: Truth = false;
      for (const test of tests) {
        const one = test(headers);
        if (one === true) return true;
        if (one === undefined) truth = undefined;
      }
      return truth;
    };
  }

  #and(): Test {
    const tests = [this.#not()];
    while (this.#take('keyword', 'AND')) tests.push(this.#not());
    if (tests.length === 1) return tests[0] as Test;
    return (headers) => {
      let truth: Truth = true;
      for (const test of tests) {
        const one = test(headers);
        if (one === false) return false;
        if (one === undefined) truth = undefined;
      }
      return truth;
    };
  }

  #not(): Test {
    if (!this.#take('keyword', 'NOT')) return this.#primary();
    return negated(this.#deeper(() => this.#not()));
  }

  #primary(): Test {
    if (this.#take('sign', '(')) {
      const test = this.#deeper(() => this.#or());
      if (!this.#take('sign', ')')) throw this.#wrong('a closing parenthesis was expected');
      return test;
    }
    this.#term();
    const left = this.#operand();
    if (this.#take('keyword', 'IS')) {
      const not = this.#take('keyword', 'NOT');
      if (!this.#take('keyword', 'NULL')) throw this.#wrong('NULL was expected');
      return (headers) => (left.of(headers) === undefined) !== not;
    }
    const not = this.#take('keyword', 'NOT');
    const test = this.#listed(left);
    if (test !== undefined) return not ? negated(test) : test;
    if (not) throw this.#wrong('IN, LIKE or BETWEEN was expected');
    return this.#comparison(left);
  }

  #listed(left: Operand): Test | undefined {
    if (this.#take('keyword', 'IN')) return this.#in(left);
    if (this.#take('keyword', 'LIKE')) return this.#like(left);
    if (!this.#take('keyword', 'BETWEEN')) return undefined;
    const low = this.#operand();
    if (!this.#take('keyword', 'AND')) throw this.#wrong('AND was expected');
    const high = this.#operand();
    return (headers) => {
      const value = left.of(headers);
      const least = compare('>=', value, low.of(headers));
      const most = compare('<=', value, high.of(headers));
      return least === false || most === false ? false : least === undefined || most === undefined ? undefined : true;
    };
  }

  #in(left: Operand): Test {
    if (!this.#take('sign', '(')) throw this.#wrong('a list in parentheses was expected');
    const values: Value[] = [];
    do {
      this.#term();
      const word = this.#words[this.#at];
      if (word?.kind === 'number') values.push(word.value);
      else if (word?.kind === 'text') values.push(word.text);
      else throw this.#wrong('a text or a number was expected');
      this.#at += 1;
    } while (this.#take('sign', ','));
    if (!this.#take('sign', ')')) throw this.#wrong('a comma or a closing parenthesis was expected');
    return (headers) => {
      const value = left.of(headers);
      if (value === undefined) return undefined;
      return values.some((one) => compare('=', value, one) === true);
    };
  }

  #like(left: Operand): Test {
    const pattern = this.#text();
    const escapeWith = this.#take('keyword', 'ESCAPE') ? this.#text() : '';
    if (escapeWith.length > 1) throw this.#wrong('ESCAPE takes one character');
    const matches = likeMatcher(pattern, escapeWith);
    return (headers) => {
      const value = left.of(headers);
      return value === undefined ? undefined : typeof value === 'string' && matches(value);
    };
  }

  #comparison(left: Operand): Test {
    const word = this.#words[this.#at];
    if (word?.kind === 'sign' && /^[=<>]/.test(word.text)) {
      this.#at += 1;
      const right = this.#operand();
      return (headers) => compare(word.text, left.of(headers), right.of(headers));
    }
    if (left.name === undefined && left.text === undefined) {
      return (headers) => left.of(headers) === true;
    }
    throw this.#wrong('a comparison was expected');
  }

  #operand(): Operand {
    const word = this.#words[this.#at];
    this.#at += 1;
    if (word?.kind === 'name') {
      const { text: name } = word;
      return { of: (headers) => (Object.hasOwn(headers, name) ? headers[name] : undefined), name };
    }
    if (word?.kind === 'text') return { of: () => word.text, text: word.text };
    if (word?.kind === 'number') return { of: () => word.value, text: word.text };
    if (word?.kind === 'keyword' && (word.text === 'TRUE' || word.text === 'FALSE')) {
      return { of: () => word.text === 'TRUE' };
    }
    this.#at -= 1;
    throw this.#wrong('a header’s name, a text or a number was expected');
  }

  #text(): string {
    const word = this.#words[this.#at];
    if (word?.kind !== 'text') throw this.#wrong('a text in quotes was expected');
    this.#at += 1;
    return word.text;
  }

  #take(kind: Word['kind'], text: string): boolean {
    const word = this.#words[this.#at];
    if (word?.kind !== kind || word.text !== text) return false;
    this.#at += 1;
    return true;
  }

  #deeper(read: () => Test): Test {
    this.#depth += 1;
    if (this.#depth > SELECTOR_DEPTH_MAX) throw this.#wrong(`more than ${SELECTOR_DEPTH_MAX} levels`);
    const test = read();
    this.#depth -= 1;
    return test;
  }

  #term(): void {
    this.#terms += 1;
    if (this.#terms > SELECTOR_TERMS_MAX) throw this.#wrong(`more than ${SELECTOR_TERMS_MAX} terms`);
  }

  #wrong(why: string): Error {
    return selectorInvalid(this.#source, this.#words[this.#at]?.offset ?? this.#source.length, why);
  }
}

function negated(test: Test): Test {
  return (headers) => {
    const truth = test(headers);
    return truth === undefined ? undefined : !truth;
  };
}

const NUMBER = /^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$/;

function compare(sign: string, left: Value, right: Value): Truth {
  if (left === undefined || right === undefined) return undefined;
  if (typeof left === 'boolean' || typeof right === 'boolean') return compareTexts(sign, String(left), String(right));
  if (typeof left === 'string' && typeof right === 'string') return compareTexts(sign, left, right);
  const a = asNumber(left);
  const b = asNumber(right);
  if (a === undefined || b === undefined) return undefined;
  return ordered(sign, a < b ? -1 : a > b ? 1 : 0);
}

function asNumber(value: string | number): number | undefined {
  if (typeof value === 'number') return value;
  return NUMBER.test(value) ? Number(value) : undefined;
}

/** JMS knows only equality of texts; an order by code unit is given all the same, as ActiveMQ does. */
function compareTexts(sign: string, left: string, right: string): Truth {
  return ordered(sign, left < right ? -1 : left > right ? 1 : 0);
}

function ordered(sign: string, order: number): boolean {
  switch (sign) {
    case '=':
      return order === 0;
    case '<>':
      return order !== 0;
    case '<':
      return order < 0;
    case '>':
      return order > 0;
    case '<=':
      return order <= 0;
    default:
      return order >= 0;
  }
}
