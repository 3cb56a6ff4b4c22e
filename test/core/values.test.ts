import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  asMusterError,
  canonicalJson,
  digestOf,
  durationMs,
  type EpochSeconds,
  errorCatalogue,
  identityKey,
  type Json,
  MusterError,
  nodeState,
  parseIdentity,
  parseNodeStates,
  roleAllows,
  shownDuration,
  shownValue,
} from '../../core/index.ts';

describe('the digest', () => {
  it('is the same for the same data in any key order', () => {
    const shuffled = (value: Json): Json => {
      if (typeof value !== 'object' || value === null) return value;
      if (Array.isArray(value)) return value.map(shuffled);
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([k, v]) => [k, shuffled(v as Json)]),
      );
    };
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.parse(JSON.stringify(value)) as Json;
        expect(digestOf(shuffled(json))).toBe(digestOf(json));
      }),
    );
  });

  it('is of a text that lists keys by code unit, those that look like numbers too', () => {
    expect(canonicalJson(JSON.parse('{"b":1,"10":2,"9":{"z":[{"y":1,"x":2}],"a":-0},"__proto__":3,"B":4}'))).toBe(
      '{"10":2,"9":{"a":0,"z":[{"x":2,"y":1}]},"B":4,"__proto__":3,"b":1}',
    );
    expect(canonicalJson({ b: [{ d: 1, c: '\u2028' }], a: null })).toBe('{"a":null,"b":[{"c":"\u2028","d":1}]}');
    const plain = (value: Json): string => {
      if (typeof value !== 'object' || value === null) return JSON.stringify(value);
      if (Array.isArray(value)) return `[${value.map(plain).join(',')}]`;
      const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
      return `{${members.map(([key, below]) => `${JSON.stringify(key)}:${plain(below as Json)}`).join(',')}}`;
    };
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.parse(JSON.stringify(value)) as Json;
        expect(canonicalJson(json)).toBe(plain(json));
      }),
    );
  });

  it('tells types, nulls and missing keys apart', () => {
    const values: Json[] = [1, '1', true, 'true', null, [], {}, { a: null }, [1], [[1]], { a: 1 }, '', 0];
    expect(new Set(values.map(digestOf)).size).toBe(values.length);
  });

  it('has one form for minus zero', () => {
    expect(canonicalJson(-0)).toBe('0');
    expect(canonicalJson({ b: [-0, 1.5], a: 'é\u0000' })).toBe('{"a":"é\\u0000","b":[0,1.5]}');
  });
});

describe('identities', () => {
  it.each(['db1.acme.net', 'DB1', 'a', '-x', 'a_b', 'x'.repeat(253), 'node-1', 'localhosted'])('%s is one', (text) => {
    expect(parseIdentity(text)).toBe(text);
  });

  it.each([
    '',
    'a b',
    'é',
    'x'.repeat(254),
    'a/b',
    'localhost',
    'LOCALHOST.localdomain',
    'a\n',
    5,
    null,
    undefined,
    {},
  ])('%j is none', (text) => {
    expect(() => parseIdentity(text)).toThrowError(
      expect.objectContaining({ code: 'identity_invalid', field: 'identity' }),
    );
  });

  it('are compared in lower case', () => {
    expect(identityKey(parseIdentity('DB1.Acme.net'))).toBe('db1.acme.net');
  });
});

describe('states', () => {
  const rule = { intervalSeconds: 300, expireAfterSeconds: 1000 };
  it.each([
    [0, 300, 'fresh'],
    [600, 300, 'fresh'],
    [601, 300, 'late'],
    [601, null, 'late'],
    [21, 10, 'late'],
    [1000, 300, 'late'],
    [1001, 300, 'missing'],
    [1001, 86_400, 'missing'],
  ] as const)('a node silent for %i s with an interval of %s s is %s', (age, interval, state) => {
    expect(nodeState({ lastseen: 10_000 - age, interval }, 10_000 as EpochSeconds, rule)).toBe(state);
  });

  it('retired is retired however fresh', () => {
    expect(nodeState({ lastseen: 5, interval: 300, retired: 5 }, 5 as EpochSeconds, rule)).toBe('retired');
  });

  it('are read from lists of words, each once', () => {
    expect(parseNodeStates(['late, missing', 'late', 'retired'])).toEqual(['late', 'missing', 'retired']);
    for (const texts of [[], [''], ['late,'], ['Late'], ['late;missing'], ['__proto__']]) {
      expect(() => parseNodeStates(texts, '--state'), texts.join()).toThrow(
        expect.objectContaining({ code: 'argument_invalid', field: '--state' }),
      );
    }
  });
});

describe('durations', () => {
  it.each([
    ['300s', 300_000],
    ['250ms', 250],
    ['1.5h', 5_400_000],
    ['30d', 2_592_000_000],
    ['0s', 0],
  ] as const)('%s', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });
  it.each(['', '5', 's', '5 s', '-5s', '5w', '1e3s'])('%j is none', (text) => {
    expect(() => durationMs(text, 'registration.interval')).toThrowError(
      expect.objectContaining({ code: 'argument_invalid', field: 'registration.interval' }),
    );
  });
  it.each([
    [0, '0s'],
    [59.9, '59s'],
    [3600, '1h'],
    [90_061, '1d 1h'],
    [-5, '0s'],
  ] as const)('%d seconds are shown as %s', (s, text) => {
    expect(shownDuration(s)).toBe(text);
  });
});

describe('errors', () => {
  it('carry code, evidence and the remedy of the catalogue', () => {
    const error = new MusterError('identity_owned', 'db1 belongs to another key', { identity: 'db1' });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: 'identity_owned',
      message: 'db1 belongs to another key',
      identity: 'db1',
      remedy: errorCatalogue.identity_owned.remedy,
    });
  });

  it('of other kinds become internal_error with their cause', () => {
    const cause = new TypeError('x');
    expect(asMusterError(cause)).toMatchObject({ code: 'internal_error', cause });
    expect(asMusterError('text').message).toBe('text');
  });

  it('show long and odd values shortened and clean', () => {
    expect(shownValue('x'.repeat(200))).toMatch(/^x{80}… \(200 characters\)$/);
    expect(shownValue('a\u0000\nb')).toBe('a\ufffd\ufffdb');
    expect(shownValue(undefined)).toBe('undefined');
  });
});

describe('roles', () => {
  it.each([
    ['admin', 'read', true],
    ['admin', 'register', true],
    ['read', 'register', false],
    ['register', 'read', false],
    ['read', 'read', true],
    ['register', 'admin', false],
  ] as const)('%s for %s: %s', (has, needs, allowed) => {
    expect(roleAllows(has, needs)).toBe(allowed);
  });
});
