import { RE2JS } from 're2js';
import { shownValue } from '../../core/index.ts';
import type { Pattern, PatternLiteral } from './ast.ts';
import { QueryError } from './errors.ts';

/*
 * Regular expressions from users: RE2 syntax, so that no text and no pattern takes more than linear time. Most of what
 * people write is plain text with or without anchors; that runs as string operations, without an engine.
 */

/** Characters of one regular expression. */
export const PATTERN_CHARACTERS_MAX = 2_000;
/** Instructions of the compiled program: `(a{1000})` costs a thousand. Time per character grows with it. */
export const PATTERN_PROGRAM_MAX = 10_000;

const META = /[\\^$.|?*+()[\]{}]/;

/**
 * Compiles a regular expression.
 * @param options of `imsx`, and `r` for Ruby's line anchors (MCollective filters).
 * @throws QueryError `query_regex_invalid` with the field: not RE2 (look-around, back references), too long, too large.
 */
export function compilePattern(source: string, options: string, field: string): Pattern {
  const refuse = (why: string, cause?: unknown): never => {
    throw new QueryError('query_regex_invalid', `${field}: regular expression ${shownValue(source)} ${why}`, {
      field,
      value: shownValue(source),
      cause,
    });
  };
  if (source.length > PATTERN_CHARACTERS_MAX)
    refuse(`has ${source.length} characters, over the ${PATTERN_CHARACTERS_MAX} allowed`);
  if (source.includes('\0')) refuse('holds a NUL');
  if (!/^[imsxr]*$/.test(options)) refuse(`has the options ${shownValue(options)}; i, m, s and x are known`);
  const text = options.includes('r') ? fromRuby(source) : options.includes('x') ? withoutBlanks(source) : source;
  const lines = options.includes('m') || options.includes('r');
  const ignoreCase = options.includes('i');
  let flags = 0;
  if (ignoreCase) flags |= RE2JS.CASE_INSENSITIVE;
  if (lines) flags |= RE2JS.MULTILINE;
  if (options.includes('s')) flags |= RE2JS.DOTALL;
  let engine: RE2JS | undefined;
  const compile = (): RE2JS => {
    engine ??= RE2JS.compile(text, flags);
    return engine;
  };
  const literal = literalOf(text, ignoreCase);
  if (literal === undefined) {
    try {
      compile();
    } catch (cause) {
      refuse(`cannot be used: ${(cause as Error).message}`, cause);
    }
    const size = compile().programSize();
    if (size > PATTERN_PROGRAM_MAX)
      refuse(`is too large: ${size} instructions, over the ${PATTERN_PROGRAM_MAX} allowed`);
    return { source, options, matches: (subject) => compile().test(subject) };
  }
  return { source, options, literal, matches: literalMatcher(literal, lines, (subject) => compile().test(subject)) };
}

/** A pattern that is one of the texts, whole; for lists of names. */
export function patternOfTexts(texts: readonly string[], ignoreCase: boolean): Pattern {
  const literal: PatternLiteral = {
    kind: 'equals',
    texts: ignoreCase ? texts.map((text) => text.toLowerCase()) : texts,
    ignoreCase,
  };
  const among = new Set(literal.texts);
  return {
    source: `^(?:${texts.map(quotePattern).join('|')})$`,
    options: ignoreCase ? 'i' : '',
    literal,
    matches: ignoreCase ? (subject) => among.has(subject.toLowerCase()) : (subject) => among.has(subject),
  };
}

/** Text as a regular expression that matches just it. */
export function quotePattern(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}

const MANY_LINES = /\n/;
const BEYOND_ASCII = /[^\0-\x7f]/;

function literalMatcher(
  literal: PatternLiteral,
  lines: boolean,
  engine: (subject: string) => boolean,
): (subject: string) => boolean {
  const { kind, texts, ignoreCase } = literal;
  const text = texts[0] as string;
  const among = new Set(texts);
  const plain: Record<PatternLiteral['kind'], (subject: string) => boolean> = {
    equals: texts.length === 1 ? (subject) => subject === text : (subject) => among.has(subject),
    starts: (subject) => subject.startsWith(text),
    ends: (subject) => subject.endsWith(text),
    contains: (subject) => subject.includes(text),
  };
  const run = plain[kind];
  // Folding case beyond ASCII is the engine's business (ſ is an s, K a k), as are anchors at each line.
  const folded = ignoreCase
    ? (subject: string) => (BEYOND_ASCII.test(subject) ? engine(subject) : run(subject.toLowerCase()))
    : run;
  if (!lines || kind === 'contains') return folded;
  return (subject) => (MANY_LINES.test(subject) ? engine(subject) : folded(subject));
}

/** What a pattern comes down to where it is plain text: `^web`, `acme$`, `^a\.b$`, `.*acme.*`, `^(a|b)$`. */
function literalOf(text: string, ignoreCase: boolean): PatternLiteral | undefined {
  const start = text.startsWith('^') ? 1 : 0;
  const anchoredEnd = text.endsWith('$') && !/(^|[^\\])(\\\\)*\\\$$/.test(text);
  let body = text.slice(start, anchoredEnd ? -1 : undefined);
  // `.*` at an open end adds nothing. (At a closed one it would: it does not cross lines.)
  if (start === 0) body = body.replace(/^(\.\*\??)+/, '');
  if (!anchoredEnd) body = body.replace(/(^|[^\\])(\.\*\??)+$/, '$1');
  const kind = start === 1 ? (anchoredEnd ? 'equals' : 'starts') : anchoredEnd ? 'ends' : 'contains';
  const group = kind === 'equals' ? /^\((?:\?:)?([^()]*)\)$/.exec(body) : null;
  const parts = group === null ? [body] : (group[1] as string).split('|');
  const texts: string[] = [];
  for (const part of parts) {
    const plain = unescaped(part);
    if (plain === undefined || (ignoreCase && BEYOND_ASCII.test(plain))) return undefined;
    texts.push(ignoreCase ? plain.toLowerCase() : plain);
  }
  return { kind, texts, ignoreCase };
}

/** The text that a pattern without operators stands for; undefined where it has any. */
function unescaped(pattern: string): string | undefined {
  let text = '';
  for (let i = 0; i < pattern.length; i++) {
    let character = pattern[i] as string;
    if (character === '\\') {
      i += 1;
      character = pattern[i] ?? 'a';
      // A backslash before a letter or digit has a meaning; before punctuation it takes the meaning away.
      if (!/[!-/:-@[-`{-~]/.test(character)) return undefined;
    } else if (META.test(character)) return undefined;
    text += character;
  }
  return text;
}

/** The `x` option: blanks and comments outside of classes are left out, since RE2 does not know it. */
function withoutBlanks(pattern: string): string {
  let text = '';
  let inClass = false;
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i] as string;
    if (character === '\\') {
      text += character + (pattern[i + 1] ?? '');
      i += 1;
      continue;
    }
    if (character === '[') inClass = true;
    else if (character === ']') inClass = false;
    if (!inClass && /\s/.test(character)) continue;
    if (!inClass && character === '#') {
      while (i + 1 < pattern.length && pattern[i + 1] !== '\n') i += 1;
      continue;
    }
    text += character;
  }
  return text;
}

/** Ruby's escapes that RE2 spells otherwise: `\Z` before a last line end, `\h` a hexadecimal digit. */
function fromRuby(pattern: string): string {
  return pattern.replace(/\\([\s\S])/g, (whole, character: string) =>
    character === 'Z' ? '(?:\\n?\\z)' : character === 'h' ? '[0-9a-fA-F]' : whole,
  );
}
