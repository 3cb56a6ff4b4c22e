import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  codeKey,
  codeKeys,
  decodeKey,
  decodeKeys,
  factPath,
  type Json,
  type JsonObject,
  parseFieldPath,
  pathOfStored,
  shownPath,
  storedPath,
  valueAt,
} from '../../core/index.ts';

describe('keys', () => {
  it.each([
    ['os', 'os'],
    ['eth0.100', 'eth0%2E100'],
    ['$where', '%24where'],
    ['a$b', 'a$b'],
    ['100%', '100%25'],
    ['__proto__', '%5F_proto__'],
    ['a\0b', 'a%00b'],
  ])('%j is stored as %j', (key, stored) => {
    expect(codeKey(key)).toBe(stored);
    expect(decodeKey(stored)).toBe(key);
  });

  it('come back from their stored form, whatever they are', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (key) => decodeKey(codeKey(key)) === key));
  });

  it('never hold a dot, a NUL, a leading dollar or the prototype when stored', () => {
    const nasty = fc.stringMatching(/^[.$%_\0a-z0-9]*$/);
    fc.assert(
      fc.property(nasty, (key) => {
        const stored = codeKey(key);
        return !/[.\0]|^\$/.test(stored) && stored !== '__proto__';
      }),
    );
  });

  it('are coded and decoded at every depth, a __proto__ key included', () => {
    const sent = JSON.parse('{"a.b":{"__proto__":{"$x":[{"c.d":1}]}}}') as Json;
    const stored = codeKeys(sent);
    expect(JSON.stringify(stored)).toBe('{"a%2Eb":{"%5F_proto__":{"%24x":[{"c%2Ed":1}]}}}');
    expect(JSON.stringify(decodeKeys(stored))).toBe(JSON.stringify(sent));
  });

  it('without special characters leave the value as it is, not copied', () => {
    const facts = { os: { name: 'Debian' }, list: [{ a: 1 }] };
    expect(codeKeys(facts)).toBe(facts);
  });

  it('survive a round trip in any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const json = JSON.parse(JSON.stringify(value)) as Json;
        expect(JSON.stringify(decodeKeys(codeKeys(json)))).toBe(JSON.stringify(json));
      }),
    );
  });
});

describe('paths', () => {
  it.each([
    ['os.name', ['os', 'name']],
    ['networking.interfaces."eth0.100".ip', ['networking', 'interfaces', 'eth0.100', 'ip']],
    ['"a\\"b"."c\\\\d"', ['a"b', 'c\\d']],
    ['""', ['']],
  ])('%s is read', (text, segments) => {
    expect(parseFieldPath(text)).toEqual(segments);
  });

  it.each([
    ['', 0],
    ['a..b', 2],
    ['.a', 0],
    ['a.', 2],
    ['"a', 0],
    ['"a"b', 3],
  ])('%j is refused with the offset %i', (text, offset) => {
    expect(() => parseFieldPath(text)).toThrowError(expect.objectContaining({ code: 'fact_path_invalid', offset }));
  });

  it('are read again from how they are shown, and from how they are stored', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 }), (segments) => {
        expect(parseFieldPath(shownPath(segments))).toEqual(segments);
        if (segments.length > 1 || segments[0] !== '') expect(pathOfStored(storedPath(segments))).toEqual(segments);
      }),
    );
  });

  it('of a fact need no prefix', () => {
    expect(factPath('os.name')).toEqual(['facts', 'os', 'name']);
    expect(factPath('facts.os.name')).toEqual(['facts', 'os', 'name']);
    expect(factPath('facts')).toEqual(['facts', 'facts']);
  });

  it('find values, never those of a prototype', () => {
    const facts: JsonObject = { os: { name: 'Debian' }, list: [1] };
    expect(valueAt(facts, ['os', 'name'])).toBe('Debian');
    expect(valueAt(facts, ['os', 'constructor'])).toBeUndefined();
    expect(valueAt(facts, ['list', 'length'])).toBeUndefined();
    expect(valueAt(facts, ['os', 'name', 'length'])).toBeUndefined();
  });
});
