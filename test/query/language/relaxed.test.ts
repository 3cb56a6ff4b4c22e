// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${name} is the query text's own place for a value
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Json, MusterError } from '../../../core/index.ts';
import {
  type Condition,
  compileQuery,
  parseJsonQuery,
  parseQueryText,
  parseRelaxedQuery,
  quoteValue,
  selectorOf,
} from '../../../query/language/index.ts';
import { nodeDocument } from './node-documents.ts';
import { refusal } from './refusal.ts';

/** A query as plain data, patterns by what they were written as. */
const shape = (condition: Condition): unknown =>
  JSON.parse(JSON.stringify(condition, (key, value) => (key === 'matches' || key === 'literal' ? undefined : value)));
const where = (text: string) => shape(parseRelaxedQuery(text).where);
const field = (path: string, test: unknown) => ({ kind: 'field', path: path.split('.'), test });
const and = (...of: unknown[]) => ({ kind: 'and', of });

describe('the relaxed form', () => {
  const ROWS: readonly (readonly [text: string, meant: unknown])[] = [
    [
      "{'facts.customer': 'acme', 'facts.environment':development, classes: 'mysql::master'}",
      and(
        field('facts.customer', { op: '$eq', value: 'acme' }),
        field('facts.environment', { op: '$eq', value: 'development' }),
        field('classes', { op: '$eq', value: 'mysql::master' }),
      ),
    ],
    ["{'facts.customer' => 'acme'}", field('facts.customer', { op: '$eq', value: 'acme' })],
    ['{classes:mysql::master,}', field('classes', { op: '$eq', value: 'mysql::master' })],
    ['  {\n classes : "x" \t}\n', field('classes', { op: '$eq', value: 'x' })],
    ['{}', and()],
    ["{'facts.ip': 10.0.0.1}", field('facts.ip', { op: '$eq', value: '10.0.0.1' })],
    ["{'facts.dc': eu-west-1}", field('facts.dc', { op: '$eq', value: 'eu-west-1' })],
    ["{'facts.cores': 42}", field('facts.cores', { op: '$in', values: ['42', 42] })],
    ["{'facts.cores': '42'}", field('facts.cores', { op: '$eq', value: '42' })],
    ["{'facts.v': 2.50}", field('facts.v', { op: '$in', values: ['2.50', 2.5] })],
    ["{'facts.v': 007}", field('facts.v', { op: '$eq', value: '007' })],
    ["{'facts.id': 9007199254740993}", field('facts.id', { op: '$eq', value: '9007199254740993' })],
    ["{'facts.virtual': true}", field('facts.virtual', { op: '$in', values: ['true', true] })],
    ["{'facts.gone': null}", field('facts.gone', { op: '$eq', value: null })],
    ['{lastseen: 5}', field('lastseen', { op: '$eq', value: 5 })],
    ['{lastseen: {$gt: 5}}', field('lastseen', { op: '$gt', value: 5 })],
    ['{classes: 8}', field('classes', { op: '$eq', value: '8' })],
    ['{identity: web1.acme.net}', field('identity', { op: '$eq', value: 'web1.acme.net' })],
    ["{'facts.cores': {$ne: 8}}", field('facts.cores', { op: '$nin', values: ['8', 8] })],
    ["{'facts.cores': {$in: [8, x, '9',]}}", field('facts.cores', { op: '$in', values: ['8', 8, 'x', '9'] })],
    ["{'facts.cores': {$gte: 8}}", field('facts.cores', { op: '$gte', value: 8 })],
    ["{'facts.cores': {$all: [8]}}", field('facts.cores', { op: '$all', tests: [{ op: '$in', values: ['8', 8] }] })],
    [
      "{'facts.a': {$size: 2, $exists: true}}",
      field('facts.a', {
        op: 'and',
        tests: [
          { op: '$size', size: 2 },
          { op: '$exists', exists: true },
        ],
      }),
    ],
    ["{'facts.a': {$type: string}}", field('facts.a', { op: '$type', types: ['string'] })],
    ["{'facts.a': {$mod: [4, 1]}}", field('facts.a', { op: '$mod', divisor: 4, remainder: 1 })],
    ['{fqdn: /^web\\/\\d/i}', field('fqdn', { op: '$regex', pattern: { source: '^web/\\d', options: 'i' } })],
    [
      '{fqdn: {$not: /[/]x/}}',
      field('fqdn', { op: '$not', test: { op: '$regex', pattern: { source: '[/]x', options: '' } } }),
    ],
    ['{classes: {$in: [/^a/, b]}}', field('classes', { op: '$in', values: [{ source: '^a', options: '' }, 'b'] })],
    [
      '{facts.disks: {$elemMatch: {size: 8}}}',
      field('facts.disks', { op: '$elemMatch', condition: field('size', { op: '$in', values: ['8', 8] }) }),
    ],
    [
      '{facts.net."eth0.100".ip: x}',
      { kind: 'field', path: ['facts', 'net', 'eth0.100', 'ip'], test: { op: '$eq', value: 'x' } },
    ],
    ["{'facts.a': 'it\\'s \\u0041'}", field('facts.a', { op: '$eq', value: "it's A" })],
    [
      '{$or: [{classes: a}, {classes: b}]}',
      { kind: 'or', of: [field('classes', { op: '$eq', value: 'a' }), field('classes', { op: '$eq', value: 'b' })] },
    ],
  ];
  for (const [text, meant] of ROWS)
    test(text, () => {
      expect(where(text)).toEqual(meant);
    });
});

describe('what cannot be read says where and in which key', () => {
  const ROWS: readonly (readonly [text: string, offset: number, key: string | undefined])[] = [
    ["{'facts.environment':, classes: x}", 21, 'facts.environment'],
    ["{'facts.environment':}", 21, 'facts.environment'],
    ["{'facts.a': {$in: [,]}}", 19, 'facts.a.$in'],
    ['', 0, undefined],
    ['classes: x', 0, undefined],
    ['[1]', 0, undefined],
    ['{classes: x', 11, 'classes'],
    ['{classes: x} {classes: y}', 13, undefined],
    ['{classes: x}; drop', 12, undefined],
    ["{classes: 'x}", 10, 'classes'],
    ['{classes: a b}', 12, 'classes'],
    ["{'facts.a': 'O'Brien'}", 15, 'facts.a'],
    ["{'facts.a': O'Brien}", 13, 'facts.a'],
    ["{'facts.a': 'x', 'facts.a': 'y'}", 17, undefined],
    ['{"facts.a": 1, "facts.a": 2}', 15, undefined],
    ['{classes x}', 9, 'classes'],
    ['{: x}', 1, undefined],
    ['{classes: (x)}', 10, 'classes'],
    ['{classes: `id`}', 10, 'classes'],
    ['{classes: x(1)}', 11, 'classes'],
    ['{classes: /x}', 10, 'classes'],
    ['{classes: /x/g}', 14, 'classes'],
    ["{classes: 'a\\qb'}", 13, 'classes'],
    ['{classes: ${x}}', 10, 'classes'],
  ];
  for (const [text, offset, key] of ROWS)
    test(text, () => {
      const error = refusal(() => parseRelaxedQuery(text));
      expect([error.code, error.offset, error.field]).toEqual(['query_syntax', offset, key]);
    });

  test('deep nesting and long texts are too large', () => {
    expect(refusal(() => parseRelaxedQuery(`{a:${'['.repeat(200_000)}`)).code).toBe('query_too_large');
    expect(refusal(() => parseQueryText(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)).code).toBe(
      'query_too_large',
    );
    expect(refusal(() => parseQueryText(`{"a":"${'x'.repeat(2_000_000)}"}`)).code).toBe('query_too_large');
  });
});

describe('a query as text', () => {
  test('is JSON’s where it is JSON: words are typed and nothing else', () => {
    for (const document of [
      { 'facts.cores': 8 },
      { 'facts.virtual': true, lastseen: { $gt: 1e3 } },
      { 'facts.a': { $in: [1, 'x', null, -2.5e-3] } },
      { 'facts.a': 'ü\n"\\\u0000\u2028', $or: [{ a: {} }, { b: [] }] },
      { 'facts.a': '${x}' },
    ])
      expect(shape(parseQueryText(JSON.stringify(document)).where)).toEqual(shape(parseJsonQuery(document).where));
  });

  test('is the relaxed form’s else', () => {
    expect(shape(parseQueryText('{"facts.cores": 8,}').where)).toEqual(
      field('facts.cores', { op: '$in', values: ['8', 8] }),
    );
  });

  test('JSON of any shape means what the same document means', () => {
    const json = fc.dictionary(fc.stringMatching(/^[a-z]{1,4}(\.[a-z]{1,4})?$/), fc.jsonValue({ maxDepth: 3 }), {
      maxKeys: 4,
    });
    fc.assert(
      fc.property(json, (document) => {
        const parsed = (read: () => { where: Condition }): unknown => {
          try {
            return shape(read().where);
          } catch (error) {
            return (error as MusterError).code;
          }
        };
        const text = JSON.stringify(document);
        expect(parsed(() => parseQueryText(text))).toEqual(parsed(() => parseJsonQuery(JSON.parse(text))));
      }),
      { numRuns: 500 },
    );
  });
});

describe('a value cannot add a condition', () => {
  /** Texts bent on getting out of their quotes, and any text. */
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc
      .array(
        fc.constantFrom(
          "'",
          '"',
          '\\',
          '}',
          '{',
          ',',
          ':',
          '=>',
          '$or',
          '[',
          ']',
          ' ',
          'classes',
          '/',
          '${x}',
          '\n',
          '//',
          '#',
          '\u2028',
        ),
        { maxLength: 12 },
      )
      .map((parts) => parts.join('')),
  );

  test('when it is quoted by quoteValue', () => {
    fc.assert(
      fc.property(value, value, (customer, role) => {
        const text = `{'facts.customer': ${quoteValue(customer)}, classes: ${quoteValue(role)}}`;
        const meant = and(
          field('facts.customer', { op: '$eq', value: customer }),
          field('classes', { op: '$eq', value: role }),
        );
        expect(where(text)).toEqual(meant);
        expect(shape(parseQueryText(text).where)).toEqual(meant);
      }),
      { numRuns: 1_000 },
    );
  });

  test('when it is bound to its place in the text', () => {
    fc.assert(
      fc.property(value, (customer) => {
        const query = parseRelaxedQuery("{'facts.customer': '${customer}', classes: 'mysql::master'}", { customer });
        expect(shape(query.where)).toEqual(
          and(
            field('facts.customer', { op: '$eq', value: customer }),
            field('classes', { op: '$eq', value: 'mysql::master' }),
          ),
        );
      }),
      { numRuns: 1_000 },
    );
  });

  test('a bound value without quotes is a word, and an empty one names its key', () => {
    const text = "{'facts.cores': ${cores}, 'facts.customer': 'x-${::customer}'}";
    expect(shape(parseRelaxedQuery(text, { cores: '8', customer: "a'b" }).where)).toEqual(
      and(
        field('facts.cores', { op: '$in', values: ['8', 8] }),
        field('facts.customer', { op: '$eq', value: "x-a'b" }),
      ),
    );
    expect(refusal(() => parseRelaxedQuery(text, { cores: '', customer: 'x' }))).toMatchObject({
      code: 'query_syntax',
      field: 'facts.cores',
    });
    expect(refusal(() => parseRelaxedQuery(text, { cores: '1' })).message).toContain('customer');
    const words = '{classes: ${c}}';
    expect(shape(parseRelaxedQuery(words, { c: "x', $or: [{}]}" }).where)).toEqual(
      field('classes', { op: '$eq', value: "x', $or: [{}]}" }),
    );
  });

  test('a value pasted between quotes as it is gives an error or stays in its place, unless it closes them', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 20 }).filter((text) => !/['\\]/.test(text)),
        (customer) => {
          expect(where(`{'facts.customer': '${customer}', classes: x}`)).toEqual(
            and(field('facts.customer', { op: '$eq', value: customer }), field('classes', { op: '$eq', value: 'x' })),
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  const ATTEMPTS = [
    "acme'} {",
    "acme'}",
    "acme'}//",
    "acme'} or {'",
    "acme' || '1'=='1",
    "acme', 'facts.customer': 'emca",
    "acme', classes: 'y",
    'acme\\',
    "acme'",
    "acme', '",
    "'",
    "acme'; process.exit(); '",
    "#{`id`}'",
  ];
  for (const attempt of ATTEMPTS)
    test(`pasted as it is, ${attempt} is an error`, () => {
      const text = `{'facts.customer': '${attempt}', classes: 'x'}`;
      expect(refusal(() => parseRelaxedQuery(text)).code).toBe('query_syntax');
      expect(refusal(() => parseQueryText(text)).code).toBe('query_syntax');
    });

  test('nothing pasted finds more nodes than the query without it, as all that stands beside it must hold', () => {
    const nodes = ['acme', 'emca'].map((customer) => nodeDocument({ facts: { customer }, classes: ['x', 'y'] }));
    fc.assert(
      fc.property(value, (pasted) => {
        let matches: (node: (typeof nodes)[0]) => boolean;
        try {
          matches = compileQuery(parseRelaxedQuery(`{classes: 'x', 'facts.customer': 'acme', 'facts.a': '${pasted}'}`));
        } catch (error) {
          expect(error).toBeInstanceOf(MusterError);
          return;
        }
        expect(matches(nodes[1] as never)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });
});

test('no text makes the reader fail in another way', () => {
  const parts = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ':',
    '=>',
    ',',
    "'",
    '"',
    '/',
    '\\',
    'a',
    'facts.b',
    '$or',
    '$in',
    '8',
    ' ',
    '\n',
    '${',
    'true',
    '"x"',
    "'y'",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(parts, { maxLength: 30 }).map((list) => `{${list.join('')}}`),
        fc.string({ unit: 'binary' }),
      ),
      (text) => {
        try {
          parseQueryText(text);
        } catch (error) {
          expect(error).toBeInstanceOf(MusterError);
        }
      },
    ),
    { numRuns: 3_000 },
  );
});

test('half a fleet typed, half as texts: a bare word finds both, a quoted one the texts', () => {
  const nodes = [
    nodeDocument({ identity: 'typed', facts: { cores: 8, virtual: true } }),
    nodeDocument({ identity: 'texts', facts: { cores: '8', virtual: 'true' } }),
  ];
  const found = (query: { where: Condition; mongo: Json | undefined }) =>
    nodes.filter(selectorOf(query).matches).map((node) => node.identity as string);
  expect(found(parseRelaxedQuery("{'facts.cores': 8}"))).toEqual(['typed', 'texts']);
  expect(found(parseRelaxedQuery("{'facts.virtual': true}"))).toEqual(['typed', 'texts']);
  expect(found(parseRelaxedQuery("{'facts.cores': '8'}"))).toEqual(['texts']);
  expect(found(parseRelaxedQuery("{'facts.cores': {$ne: 8}}"))).toEqual([]);
  expect(found(parseQueryText('{"facts.cores": 8}'))).toEqual(['typed']);
  expect(found(parseQueryText('{"facts.cores": "8"}'))).toEqual(['texts']);
});
