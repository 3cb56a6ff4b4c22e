import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AgentError } from '../../../agents/agent-error.ts';
import { decodeFactText, type FactFormat, guessFormat, parseFacts } from '../../../agents/facts/fact-text.ts';
import type { ErrorCode } from '../../../core/index.ts';

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function codeOf(work: () => unknown): ErrorCode | undefined {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof AgentError) return thrown.code;
    throw thrown;
  }
  return undefined;
}

describe('facts as text', () => {
  test.each<[FactFormat, string, unknown]>([
    ['json', '{"a":{"b":[1,true,null,"x"]}}', { a: { b: [1, true, null, 'x'] } }],
    ['yaml', 'a:\n  b: [1, true, null, x]\n', { a: { b: [1, true, null, 'x'] } }],
    ['yaml', '---\n# nothing\n', {}],
    ['yaml', 'on: yes\n', { on: 'yes' }],
    [
      'json',
      '{"big":12345678901234567890,"in":"12345678901234567890","small":9007199254740991}',
      {
        big: '12345678901234567890',
        in: '12345678901234567890',
        small: 9007199254740991,
      },
    ],
    ['yaml', 'big: 12345678901234567890\nnot: .nan\nhex: 0x10\n', { big: '12345678901234567890', not: 'NaN', hex: 16 }],
    [
      'json',
      '{"a\\"1234567890123456789":1.5e300,"f":1234567890123456.5}',
      {
        'a"1234567890123456789': 1.5e300,
        f: 1234567890123456.5,
      },
    ],
    [
      'yaml',
      'when: !!timestamp 2026-01-02\nwhat: !mine text\n1: one\n',
      { when: '2026-01-02T00:00:00.000Z', what: 'text', 1: 'one' },
    ],
    ['key-value', 'a=b', { a: 'b' }],
  ])('%s %j', (format, text, facts) => expect(plain(parseFacts(text, format).facts)).toEqual(facts));

  test('a fact may be called __proto__ and stays a fact', () => {
    for (const [format, text] of [
      ['json', '{"__proto__":{"polluted":1}}'],
      ['yaml', '__proto__: {polluted: 1}'],
    ] as const) {
      const { facts } = parseFacts(text, format);
      expect(Object.keys(facts)).toEqual(['__proto__']);
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    }
  });

  test.each<[string, FactFormat, string, ErrorCode]>([
    ['broken JSON', 'json', '{"a":', 'fact_source_failed'],
    ['broken YAML', 'yaml', 'a: [1', 'fact_source_failed'],
    ['two YAML documents', 'yaml', 'a: 1\n---\nb: 2\n', 'fact_source_failed'],
    ['a list', 'json', '[1]', 'fact_source_failed'],
    ['a scalar', 'yaml', 'just text', 'fact_source_failed'],
    ['40 levels', 'json', `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`, 'registration_too_deep'],
    [
      '50,000 names',
      'json',
      JSON.stringify(Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, i]))),
      'registration_too_many_leaves',
    ],
    [
      'a billion laughs',
      'yaml',
      `a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(',')}]`).join('\n')}\n`,
      'fact_source_failed',
    ],
  ])('%s is refused', (_, format, text, code) => expect(codeOf(() => parseFacts(text, format))).toBe(code));

  test('a YAML map that holds itself is refused', () => {
    expect(codeOf(() => parseFacts('a: &a\n  b: *a\n', 'yaml'))).toBeDefined();
  });

  test('bytes that are not UTF-8 are refused by name', () => {
    expect(codeOf(() => decodeFactText(Buffer.from([0x61, 0xff]), '/etc/facts.txt'))).toBe('message_not_utf8');
  });

  test.each<[string, FactFormat]>([
    ['{"a": 1}', 'json'],
    ['\n  {"a": 1}', 'json'],
    ['a=b', 'key-value'],
    ['# a comment: here\na=b: c', 'key-value'],
    ['a: b=c', 'yaml'],
    ['---\na: 1', 'yaml'],
    ['"quoted": x=1', 'yaml'],
    ['a = b', 'key-value'],
    ['', 'yaml'],
  ])('what a command prints is guessed: %j is %s', (text, format) => expect(guessFormat(text)).toBe(format));

  test('whatever the text, there are facts or an error with a code', () => {
    const format = fc.constantFrom<FactFormat>('json', 'yaml', 'key-value');
    const jsonish = fc.json().chain((text) => fc.nat(text.length).map((cut) => text.slice(0, cut)));
    fc.assert(
      fc.property(format, fc.oneof(fc.string({ unit: 'binary' }), jsonish), (form, text) => {
        let reading: unknown;
        const code = codeOf(() => {
          reading = parseFacts(text, form);
        });
        expect(code !== undefined || reading !== undefined).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('any JSON map comes through unchanged, but for integers that a double would change', () => {
    const exact = (_: string, value: unknown): unknown =>
      Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(String(value)) ? String(value) : value;
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), (value) => {
        const text = JSON.stringify(value).replaceAll('\\u0000', '');
        expect(plain(parseFacts(text, 'json').facts)).toEqual(plain(JSON.parse(text, exact)));
      }),
    );
  });
});
