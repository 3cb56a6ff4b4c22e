import type { Json } from '../../core/index.ts';
import { QueryError } from './errors.ts';

/*
 * MCollective's compound filters (`-S`, protocol page 2.6), from text to the callstack that travels: one-key objects in
 * the order of the source. `environment=development and not (mysql::master or /db/ )`.
 */

/** A comparison of what a data plugin gives: `fact('networking.ip').value=10.0.0.12`. */
export interface FunctionStatement {
  readonly name: string;
  /** The text between the parentheses without its outer quotes; null where there is none. */
  readonly params: string | null;
  /** The field of the plugin's answer; absent where none is named. */
  readonly value?: string;
  readonly operator: '==' | '!=' | '<' | '<=' | '>' | '>=' | '=~' | '!=~';
  /** What it is compared with: text, or a regular expression. */
  readonly r_compare: string | { readonly $regexp: string; readonly options: number };
}

/** One entry of a callstack. */
export type CompoundToken =
  | { readonly statement: string }
  | { readonly fstatement: FunctionStatement }
  | { readonly and: 'and' }
  | { readonly or: 'or' }
  | { readonly not: 'not' }
  | { readonly '(': '(' }
  | { readonly ')': ')' };

const FIELD = 'compound';

function fail(why: string, text: string, offset: number): never {
  throw new QueryError('query_syntax', `${why} found while parsing -S input ${text.slice(0, 200)}`, {
    field: FIELD,
    offset,
  });
}

const WORD = /[^\s()/'"=<>!]+/y;
const SIGN = /[ \t]*(!=|<=|>=|==|=~|=>|=<|=|<|>)[ \t]*/y;
const CALL = /\(\s*(?:'([^()]*)'|"([^()]*)")?\s*\)(?:\.([A-Za-z_]\w*))?/y;
const QUOTED = /'([^']*)'|"([^"]*)"/y;
const PATTERN = /\/(?:[^/\\]|\\.)+\//y;
const VALUE = /[^\s)]+/y;

/**
 * Reads a compound filter.
 * @throws QueryError `query_syntax` with the offset, in the words of the original: Malformed token(s), Missing
 *   parenthesis, Parse errors.
 */
export function parseCompound(text: string): readonly CompoundToken[] {
  const tokens: CompoundToken[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  const malformed = (): never => fail('Malformed token(s)', text, at);
  while (at < text.length) {
    const character = text[at] as string;
    if (/\s/.test(character)) at += 1;
    else if (character === '(' || character === ')') {
      tokens.push(character === '(' ? { '(': '(' } : { ')': ')' });
      at += 1;
    } else if (character === '!') {
      tokens.push({ not: 'not' });
      at += 1;
    } else if (character === '/') {
      // A regular expression by itself goes on to the next blank: `(b or /x/)` lacks its parenthesis, `/x/ )` does not.
      tokens.push({ statement: (take(/\S+/y) as RegExpExecArray)[0] });
    } else {
      const word = take(/(?:and|or|not)(?=[\s(])/y)?.[0];
      tokens.push(word === undefined ? statementAt() : ({ [word]: word } as CompoundToken));
    }
  }
  checkStructure(tokens, text);
  return tokens;

  function statementAt(): CompoundToken {
    const name = take(WORD)?.[0];
    if (name === undefined) return malformed();
    if (text[at] === '(' && text[at - 1] !== ' ') return { fstatement: functionAt(name) };
    if (text[at] === '/' || text[at] === "'" || text[at] === '"') return malformed();
    const sign = take(SIGN)?.[1];
    return sign === undefined ? { statement: name } : { statement: `${name}${sign}${valueAt()}` };
  }

  function valueAt(): string {
    const quoted = take(QUOTED);
    if (quoted !== null) return quoted[1] ?? quoted[2] ?? '';
    return take(PATTERN)?.[0] ?? take(VALUE)?.[0] ?? malformed();
  }

  function functionAt(name: string): FunctionStatement {
    const call = take(CALL);
    const sign = call === null ? undefined : take(SIGN)?.[1];
    if (call === null || sign === undefined) return malformed();
    const isPattern = text[at] === '/';
    const value = valueAt();
    const operator = sign === '=' ? '==' : sign === '=>' ? '>=' : sign === '=<' ? '<=' : sign;
    const params = call[1] ?? call[2] ?? null;
    const common = { name, params, ...(call[3] === undefined ? {} : { value: call[3] }) };
    if (!isPattern) return { ...common, r_compare: value, operator: operator as FunctionStatement['operator'] };
    if (operator !== '==' && operator !== '!=' && operator !== '=~') return malformed();
    return {
      ...common,
      r_compare: { $regexp: value.replace(/^\/|\/$/g, ''), options: 0 },
      operator: operator === '!=' ? '!=~' : '=~',
    };
  }
}

function checkStructure(tokens: readonly CompoundToken[], text: string): void {
  if (tokens.length === 0) return;
  let open = 0;
  for (const token of tokens) {
    if ('(' in token) open += 1;
    if (')' in token) open -= 1;
    if (open < 0) break;
  }
  if (open !== 0) fail('Missing parenthesis', text, text.length);
  if (compoundTree(tokens) === undefined) fail('Parse errors', text, text.length);
}

/** A compound filter as a tree. */
export type CompoundTree =
  | { readonly kind: 'leaf'; readonly token: CompoundToken }
  | { readonly kind: 'not'; readonly of: CompoundTree }
  | { readonly kind: 'and' | 'or'; readonly of: readonly CompoundTree[] };

/** Levels of parentheses and `not` in one filter. */
const COMPOUND_DEPTH_MAX = 64;

/**
 * The tree of a callstack; `not` binds tighter than `and`, `and` than `or`. Undefined where it is malformed.
 * @throws QueryError `query_too_large` where it is nested too deep.
 */
export function compoundTree(tokens: readonly Json[] | readonly CompoundToken[]): CompoundTree | undefined {
  let at = 0;
  let level = 0;
  const nameOf = (): string | undefined => {
    const token = tokens[at];
    return typeof token === 'object' && token !== null && !Array.isArray(token) ? Object.keys(token)[0] : undefined;
  };
  const chain = (word: 'and' | 'or', part: () => CompoundTree | undefined): CompoundTree | undefined => {
    const of: CompoundTree[] = [];
    for (;;) {
      const next = part();
      if (next === undefined) return undefined;
      of.push(next);
      if (nameOf() !== word) return of.length === 1 ? of[0] : { kind: word, of };
      at += 1;
    }
  };
  const alternatives = (): CompoundTree | undefined => chain('or', () => chain('and', factor));
  function factor(): CompoundTree | undefined {
    level += 1;
    if (level > COMPOUND_DEPTH_MAX)
      throw new QueryError(
        'query_too_large',
        `The compound filter is nested deeper than ${COMPOUND_DEPTH_MAX} levels`,
        {
          field: FIELD,
        },
      );
    const tree = innerFactor();
    level -= 1;
    return tree;
  }
  function innerFactor(): CompoundTree | undefined {
    const name = nameOf();
    const token = tokens[at] as CompoundToken;
    at += 1;
    switch (name) {
      case 'not': {
        const of = factor();
        return of === undefined ? undefined : { kind: 'not', of };
      }
      case '(': {
        const inside = alternatives();
        if (inside === undefined || nameOf() !== ')') return undefined;
        at += 1;
        return inside;
      }
      case 'statement':
      case 'fstatement':
        return { kind: 'leaf', token };
      default:
        return undefined;
    }
  }
  const tree = alternatives();
  return at === tokens.length ? tree : undefined;
}
