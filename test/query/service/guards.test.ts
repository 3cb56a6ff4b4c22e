import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { config, testService } from './fixture.ts';

let app: FastifyInstance;
beforeAll(async () => {
  app = await testService();
});
afterAll(() => app.close());

const codeOf = (answer: { body: string }) => (JSON.parse(answer.body) as { code?: string }).code;

test.each([
  ['localhost:8420', undefined],
  ['LOCALHOST', undefined],
  ['127.0.0.1:1', undefined],
  ['[::1]:8420', undefined],
  ['muster.example.net', undefined],
  ['muster.example.net.:443', undefined],
  ['evil.example.com', 'host_refused'],
  ['localhost.evil.example.com', 'host_refused'],
  ['127.0.0.1.nip.io', 'host_refused'],
  ['10.0.0.1', 'host_refused'],
  ['127.0.0.1@evil.example.com', 'host_refused'],
  ['a b', 'host_refused'],
  ['localhost:port', 'host_refused'],
])('a Host header of %j is answered with %s', async (host, code) => {
  const answer = await app.inject({ url: '/v1/nodes?limit=1', headers: { host } });
  expect(codeOf(answer)).toBe(code);
  expect(answer.statusCode).toBe(code === undefined ? 200 : 421);
});

test.each([
  ['https://evil.example.com', 'localhost:8420', 'origin_refused'],
  ['null', 'localhost:8420', 'origin_refused'],
  ['http://localhost:3000', 'localhost:8420', 'origin_refused'],
  ['https://localhost:8420', 'localhost:8420', 'origin_refused'],
  ['http://localhost:8420', 'localhost:8420', undefined],
  ['http://LocalHost:8420', 'localhost:8420', undefined],
  ['https://muster.example.net', 'muster.example.net', undefined],
  ['http://localhost:8420.evil.example.com', 'localhost:8420', 'origin_refused'],
])('a page of %s that asks %s is answered with %s', async (origin, host, code) => {
  const asked = await app.inject({ url: '/v1/nodes?limit=1', headers: { host, origin } });
  expect(codeOf(asked)).toBe(code);
  expect(asked.headers['access-control-allow-origin']).toBeUndefined();
  const posted = await app.inject({
    method: 'POST',
    url: '/graphql',
    headers: { host, origin, 'content-type': 'application/json' },
    payload: '{"query":"{nodes{totalCount}}"}',
  });
  expect(posted.statusCode).toBe(code === undefined ? 200 : 403);
});

test('a preflight is refused, and answers no header that would let a page go on', async () => {
  const answer = await app.inject({
    method: 'OPTIONS',
    url: '/graphql',
    headers: { origin: 'https://evil.example.com', 'access-control-request-method': 'POST' },
  });
  expect(answer.statusCode).toBe(403);
  expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
});

test('an image of another site is refused, a link that somebody follows is not', async () => {
  const ask = (headers: Record<string, string>) => app.inject({ url: '/v1/nodes?limit=1', headers });
  const image = await ask({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' });
  expect(codeOf(image)).toBe('origin_refused');
  const frame = await ask({ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' });
  expect(codeOf(frame)).toBe('origin_refused');
  const link = await ask({
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  });
  expect(link.statusCode).toBe(200);
  const own = await ask({ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' });
  expect(own.statusCode).toBe(200);
});

test.each([
  ['text/plain', 'content_type_refused'],
  ['application/x-www-form-urlencoded', 'content_type_refused'],
  ['multipart/form-data; boundary=x', 'content_type_refused'],
  ['application/json; charset=utf-16', 'content_type_refused'],
  ['application/jsonp', 'content_type_refused'],
  ['text/plain; application/json', 'content_type_refused'],
  ['application/graphql', 'content_type_refused'],
  ['application/json; charset=UTF-8', undefined],
])('a body of type %s is answered with %s', async (type, code) => {
  const answer = await app.inject({
    method: 'POST',
    url: '/v1/query/nodes',
    headers: { 'content-type': type },
    payload: '{"limit":1}',
  });
  expect(codeOf(answer)).toBe(code);
});

test('a body that names no type is refused', async () => {
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const answer = await fetch(`${address}/v1/query/nodes`, { method: 'POST', body: new Uint8Array(Buffer.from('{}')) });
  expect(answer.status).toBe(415);
  expect(codeOf({ body: await answer.text() })).toBe('content_type_refused');
});

test.each([
  ['', 'message_malformed'],
  ['{', 'message_malformed'],
  ['{"limit":1}}', 'message_malformed'],
  ['{"__proto__":{"limit":1}}', 'message_malformed'],
  ['{"limit":1,"constructor":{"prototype":{}}}', 'message_malformed'],
  ['[]', 'argument_invalid'],
  ['{"limt":1}', 'argument_invalid'],
])('the body %s is answered with %s', async (payload, code) => {
  const headers = { 'content-type': 'application/json' };
  const answer = await app.inject({ method: 'POST', url: '/v1/query/nodes', headers, payload });
  expect(codeOf(answer)).toBe(code);
  expect(answer.statusCode).toBe(400);
});

test('a body that is not UTF-8 is refused by name', async () => {
  const answer = await app.inject({
    method: 'POST',
    url: '/v1/query/nodes',
    headers: { 'content-type': 'application/json' },
    payload: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
  });
  expect(codeOf(answer)).toBe('message_not_utf8');
});

test('a body over 1 MiB is refused, whether it says so or not', async () => {
  const payload = JSON.stringify({ query: 'x'.repeat(1024 * 1024) });
  const headers = { 'content-type': 'application/json' };
  const said = await app.inject({ method: 'POST', url: '/v1/query/nodes', headers, payload });
  expect(said.statusCode).toBe(413);
  expect(codeOf(said)).toBe('request_too_large');
  const address = app.listeningOrigin;
  const chunked = await fetch(`${address}/graphql`, {
    method: 'POST',
    headers,
    body: new Blob([payload]).stream(),
    duplex: 'half',
  } as RequestInit).catch(() => undefined);
  if (chunked !== undefined) expect(chunked.status).toBe(413);
  expect((await app.inject('/healthz')).statusCode).toBe(200);
});

test('a schema fault names field and value', async () => {
  const answer = await app.inject('/v1/nodes?limit=5000');
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toMatchObject({ code: 'argument_invalid', field: 'limit', value: '5000' });
  const unknown = await app.inject('/v1/nodes?querry=x');
  expect(unknown.json()).toMatchObject({ code: 'argument_invalid', field: 'querry' });
});

test('an address that is none of ours is answered as such', async () => {
  for (const url of ['/v2/nodes', '/v1/nodes/a/b', '/%', '/v1/nodes/%zz', `/v1/nodes/${'x'.repeat(400)}`]) {
    const answer = await app.inject(url);
    expect(answer.statusCode, url).toBe(404);
    expect(codeOf(answer), url).toBe('route_unknown');
  }
});

test('every answer carries a request id, the caller’s own where it may stand in a log', async () => {
  const own = await app.inject({ url: '/healthz', headers: { 'x-request-id': 'deploy-42' } });
  expect(own.headers['x-request-id']).toBe('deploy-42');
  const bad = await app.inject({ url: '/healthz', headers: { 'x-request-id': 'a\u0007 b' } });
  expect(bad.headers['x-request-id']).toMatch(/^[0-9a-f]{8}-[0-9a-z]+$/);
  const refused = await app.inject({ url: '/v1/nodes', headers: { host: 'evil.example.com' } });
  expect(refused.headers['x-request-id']).toBeDefined();
});

test('what breaks inside is logged with its request id and answered without a word of it', async () => {
  const lines: string[] = [];
  const { createLogger } = await import('../../../core/index.ts');
  const logger = createLogger({ level: 'warn', destination: { write: (line) => lines.push(line) } });
  const broken = await testService({
    logger,
    plugins: [async (scope) => void scope.get('/broken', () => Promise.reject(new Error('password is hunter2')))],
  });
  const answer = await broken.inject({ url: '/broken', headers: { 'x-request-id': 'find-me' } });
  expect(answer.statusCode).toBe(500);
  expect(answer.json()).toMatchObject({ code: 'internal_error' });
  expect(answer.body).not.toContain('hunter2');
  expect(answer.body).toContain('find-me');
  expect(lines.join('')).toContain('"requestId":"find-me"');
  await broken.close();
});

test('a service on an address of its own takes that address and no loopback name', async () => {
  const other = await testService({ config: config({ listen: '10.1.2.3:8420' }) });
  const ask = (host: string) => other.inject({ url: '/healthz', headers: { host } });
  expect((await ask('10.1.2.3:8420')).statusCode).toBe(200);
  expect((await ask('localhost:8420')).statusCode).toBe(421);
  await other.close();
});
