import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorCatalogue } from '../../../core/index.ts';
import { testService } from './fixture.ts';

let app: FastifyInstance;
beforeAll(async () => {
  app = await testService();
});
afterAll(() => app.close());

/** Whatever came, the answer is data or an error of the catalogue, and never our own fault. */
function expectAnswered(answer: { statusCode: number; body: string }): void {
  expect(answer.statusCode, answer.body).toBeLessThan(500);
  const body = JSON.parse(answer.body) as { code?: string; errors?: { extensions: { code: string } }[] };
  const codes = body.errors?.map(({ extensions }) => extensions.code) ?? (body.code === undefined ? [] : [body.code]);
  for (const code of codes) expect(Object.keys(errorCatalogue)).toContain(code);
  if (answer.statusCode !== 200) expect(codes).not.toEqual([]);
}

const NAMES = [
  'query',
  'filter',
  'fact',
  'class',
  'agent',
  'identity',
  'select',
  'collective',
  'fields',
  'limit',
  'after',
  'path',
  'requireKnown',
  'state',
  'x',
];
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  '$',
  '$in',
  '$where',
  "'",
  '"',
  ':',
  ',',
  '/',
  '(',
  '(?:a+)+',
  '=',
  '!=',
  '>=',
  ' and ',
  ' not ',
  '.',
  '*',
  '\\',
  '%',
  '\u0000',
  '__proto__',
  'facts.',
  'os.name',
  'acme',
  '1e999',
  '-1',
  'true',
  'ä',
  '\ud800',
];
const word = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 4 })), { maxLength: 8 })
  .map((parts) => parts.join(''));

test('any parameters of an address are answered or refused by name', async () => {
  const parameters = fc.array(fc.tuple(fc.constantFrom(...NAMES), word), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('/v1/nodes', '/v1/facets', '/v1/nodes/a'), parameters, async (path, given) => {
      const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, value]));
      expectAnswered(await app.inject(`${path}?${search}`));
    }),
    { numRuns: 800 },
  );
});

test('any path and any broken escape are answered', async () => {
  const path = fc.array(
    fc.oneof(
      fc.constantFrom('/', '%', '%00', '..', '//', '?', '&', '=', 'v1', 'nodes', ';', '%ff'),
      fc.stringMatching(/^[!-~]{0,3}$/),
    ),
    { maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(path, async (parts) => {
      const url = `/${parts.join('').replace(/[#\\]/g, '')}`;
      if (!URL.canParse(url, 'http://localhost') || url.startsWith('//')) return;
      const answer = await app.inject(url);
      if (!url.startsWith('/graphql') && answer.headers['content-type']?.toString().includes('json'))
        expectAnswered(answer);
    }),
    { numRuns: 500 },
  );
});

test('any JSON body is answered or refused by name', async () => {
  const body = fc.oneof(
    fc.jsonValue(),
    fc.record(
      { query: fc.oneof(word, fc.jsonValue()), fields: fc.oneof(fc.array(word, { maxLength: 3 }), fc.jsonValue()) },
      { requiredKeys: [] },
    ),
    fc.record(
      { path: fc.array(word, { maxLength: 3 }), limit: fc.oneof(fc.integer(), fc.jsonValue()) },
      { requiredKeys: [] },
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('/v1/query/nodes', '/v1/query/facets', '/graphql'), body, async (url, payload) => {
      const headers = { 'content-type': 'application/json' };
      expectAnswered(await app.inject({ method: 'POST', url, headers, payload: JSON.stringify(payload) }));
    }),
    { numRuns: 800 },
  );
});

test('any GraphQL document is answered or refused by name', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '{',
      '}',
      '(',
      ')',
      'nodes',
      'node',
      'facets',
      'identity',
      'totalCount',
      'facts',
      '...F',
      'fragment F on Query',
      'query',
      '$a: JSON',
      'first: 1',
      'query: "{a: 1}"',
      'path: ["os"]',
      '@include(if: true)',
      '__schema',
      '__typename',
      'a:',
      '[',
      ']',
      '"',
      '#',
    ),
    word,
  );
  const variables = fc.oneof(fc.dictionary(fc.constantFrom('a', 'first'), fc.jsonValue()), fc.jsonValue());
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 14 }), variables, async (parts, given) => {
      const payload = { query: `{ ${parts.join(' ')} }`, variables: given };
      for (let run = 0; run < 2; run++) {
        expectAnswered(
          await app.inject({ method: 'POST', url: '/graphql', payload: payload as Record<string, unknown> }),
        );
      }
    }),
    { numRuns: 600 },
  );
});
