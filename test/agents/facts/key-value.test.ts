import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseKeyValue } from '../../../agents/facts/key-value.ts';

describe('key=value lines', () => {
  test.each([
    ['a=b', { a: 'b' }, 'plain'],
    ['a=b=c', { a: 'b=c' }, 'split at the first ='],
    ['a=', { a: '' }, 'an empty value is a value'],
    [' a = b c ', { a: 'b c' }, 'blanks around key and value are cut'],
    ['# a=b\n\n\r\n  # c=d\ne=f\r\n', { e: 'f' }, 'comments, blank lines and CRLF'],
    ['a=1\na=2', { a: '2' }, 'the later wins'],
    ['a="x"', { a: '"x"' }, 'quotes are part of the value'],
    ['a.b=c', { 'a.b': 'c' }, 'a dot is part of the name'],
    ['__proto__=x', JSON.parse('{"__proto__":"x"}'), 'a name like another'],
    ['\ufeffa=b', { a: 'b' }, 'a byte order mark is no part of the first name'],
    ['a=x\0y', { a: 'xy' }, 'NUL bytes are taken out'],
  ])('%j gives %j: %s', (text, facts) => {
    expect(JSON.parse(JSON.stringify(parseKeyValue(text).facts))).toEqual(facts);
    expect(parseKeyValue(text).warnings).toEqual([]);
  });

  test('lines that are neither are named by their number, and the others count', () => {
    expect(parseKeyValue('nonsense\na=b\n=c\n')).toEqual({
      facts: { a: 'b' },
      warnings: ['line 1 is not key=value', 'line 3 is not key=value'],
    });
  });

  test('whatever the text, every fact is a string and every line is read once', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { facts, warnings } = parseKeyValue(text);
        const lines = text.replace(/^\ufeff/, '').split(/\r?\n/).length;
        expect(Object.keys(facts).length + warnings.length).toBeLessThanOrEqual(lines);
        for (const value of Object.values(facts)) expect(typeof value).toBe('string');
      }),
    );
  });

  test('names and values written come back', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9_.:]{0,10}$/);
    fc.assert(
      fc.property(fc.dictionary(word, fc.stringMatching(/^[!-~]{0,20}$/)), (facts) => {
        const text = Object.entries(facts).map(([key, value]) => `${key}=${value}`);
        expect({ ...parseKeyValue(text.join('\n')).facts }).toEqual(facts);
      }),
    );
  });
});
