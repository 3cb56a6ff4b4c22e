import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { compilePattern, PATTERN_CHARACTERS_MAX, patternOfTexts, quotePattern } from '../../../query/language/index.ts';
import { createRandom, testSeed } from '../../random.ts';
import { refusal } from './refusal.ts';

const matches = (source: string, options: string, text: string) => compilePattern(source, options, 'f').matches(text);

describe('patterns that are plain text run without an engine', () => {
  const ROWS: readonly (readonly [
    source: string,
    options: string,
    kind: string | undefined,
    texts?: readonly string[],
  ])[] = [
    ['acme', '', 'contains', ['acme']],
    ['^web', '', 'starts', ['web']],
    ['acme\\.net$', '', 'ends', ['acme.net']],
    ['^a\\.b$', '', 'equals', ['a.b']],
    ['.*acme.*', '', 'contains', ['acme']],
    ['^web.*', '', 'starts', ['web']],
    ['^(web1|web2)$', '', 'equals', ['web1', 'web2']],
    ['ACME', 'i', 'contains', ['acme']],
    ['^roles::', 'r', 'starts', ['roles::']],
    ['a b', 'x', 'contains', ['ab']],
    ['^.*acme', '', undefined],
    ['a|b', '', undefined],
    ['a\\d', '', undefined],
    ['a\\.*', '', undefined],
    ['cost\\$', '', 'contains', ['cost$']],
    ['grüße', 'i', undefined],
  ];
  for (const [source, options, kind, texts] of ROWS)
    test(`/${source}/${options} is ${kind ?? 'for the engine'}`, () => {
      const { literal } = compilePattern(source, options, 'f');
      expect(literal?.kind).toBe(kind);
      if (texts !== undefined) expect(literal?.texts).toEqual(texts);
    });

  test('they give what the engine gives', () => {
    const seed = testSeed();
    const random = createRandom(seed);
    const parts = [
      'a',
      'b',
      'A',
      '\\.',
      '.',
      '.*',
      '.*?',
      '^',
      '$',
      '\\$',
      '|',
      '(a|b)',
      '\n',
      'ſ',
      'k',
      'K',
      '\\\\',
      '::',
    ];
    const letters = ['a', 'b', 'A', '.', '$', '\n', 's', 'ſ', 'k', 'K', '\\', ':', ''];
    const some = (list: readonly string[], most: number) =>
      Array.from({ length: random.below(most) + 1 }, () => random.pick(list)).join('');
    let literals = 0;
    for (let i = 0; i < 4_000; i++) {
      const source = some(parts, 4);
      const options = random.pick(['', 'i', 'm', 's', 'im', 'r', 'ri']);
      const pattern = compilePattern(source, options, 'f');
      if (pattern.literal !== undefined) literals += 1;
      const flags =
        (options.includes('i') ? RE2JS.CASE_INSENSITIVE : 0) |
        (/[mr]/.test(options) ? RE2JS.MULTILINE : 0) |
        (options.includes('s') ? RE2JS.DOTALL : 0);
      const engine = RE2JS.compile(source, flags);
      for (let k = 0; k < 8; k++) {
        const text = some(letters, 5);
        const why = `MUSTER_TEST_SEED=${seed} /${source}/${options} on ${JSON.stringify(text)}`;
        expect(pattern.matches(text), why).toBe(engine.test(text));
      }
    }
    expect(literals).toBeGreaterThan(800);
  });
});

describe('options', () => {
  test('i ignores case, s lets the dot cross lines, m anchors at lines', () => {
    expect([matches('DEB', '', 'debian'), matches('DEB', 'i', 'debian')]).toEqual([false, true]);
    expect([matches('a.b', '', 'a\nb'), matches('a.b', 's', 'a\nb')]).toEqual([false, true]);
    expect([matches('^b', '', 'a\nb'), matches('^b', 'm', 'a\nb')]).toEqual([false, true]);
  });

  test('x leaves blanks and comments out, but not in classes', () => {
    expect(matches('a b # a comment\n c', 'x', 'abc')).toBe(true);
    expect(matches('a[ #]b', 'x', 'a#b')).toBe(true);
    expect(matches('a\\ b', 'x', 'a b')).toBe(true);
  });

  test('Ruby’s anchors are lines’, and its own escapes are known', () => {
    expect(matches('^b$', 'r', 'a\nb\nc')).toBe(true);
    expect(matches('b\\Z', 'r', 'b\n')).toBe(true);
    expect(matches('^\\h+$', 'r', 'cafe12')).toBe(true);
  });
});

describe('what cannot be used is refused', () => {
  for (const source of [
    '(?=a)b',
    '(?<=a)b',
    '(?!a)',
    '(a)\\1',
    '(',
    '[',
    'a{2000}',
    '*a',
    `${'(a{900})'.repeat(30)}`,
    'a\0b',
  ])
    test(source.slice(0, 20).replace('\0', 'NUL'), () => {
      expect(refusal(() => compilePattern(source, '', 'facts.a.$regex'))).toMatchObject({
        code: 'query_regex_invalid',
        field: 'facts.a.$regex',
      });
    });

  test('a long one', () => {
    expect(refusal(() => compilePattern('a'.repeat(PATTERN_CHARACTERS_MAX + 1), '', 'f')).code).toBe(
      'query_regex_invalid',
    );
  });
});

test('regex bombs take linear time', () => {
  const bombs = [
    '(a+)+$',
    '(a|a)*$',
    '(a|aa)+$',
    '([a-z]+)*=',
    '(.*)*x',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '(a?){25}a{25}b',
  ];
  const started = performance.now();
  for (const bomb of bombs) {
    const pattern = compilePattern(bomb, '', 'f');
    for (let i = 0; i < 20; i++) pattern.matches(`${'a'.repeat(5_000)}!`);
  }
  // A backtracking engine would need longer than the universe for the first alone.
  expect(performance.now() - started).toBeLessThan(5_000);
});

test('a list of names is looked up', () => {
  const pattern = patternOfTexts(['Web1.acme.net', 'db1'], true);
  expect(['web1.ACME.net', 'DB1', 'db12'].map(pattern.matches)).toEqual([true, true, false]);
  expect(RE2JS.compile(pattern.source, RE2JS.CASE_INSENSITIVE).test('WEB1.acme.net')).toBe(true);
  expect(compilePattern(quotePattern('a.b*[c]|$'), '', 'f').matches('xa.b*[c]|$')).toBe(true);
});
