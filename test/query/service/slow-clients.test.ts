import { connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { config, testService } from './fixture.ts';

const BODY_TIMEOUT_MS = 300;

let app: FastifyInstance;
let port: number;
beforeAll(async () => {
  app = await testService({
    config: config({ bodyTimeout: `${BODY_TIMEOUT_MS}ms` }),
    plugins: [
      async (scope) => {
        scope.addContentTypeParser('application/x-ndjson', (_request, payload, done) => done(null, payload));
        scope.post('/lines', { config: { role: 'anyone' } }, async (request) => {
          let bytes = 0;
          for await (const chunk of request.body as AsyncIterable<Buffer>) bytes += chunk.length;
          return { bytes };
        });
      },
    ],
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  port = (app.server.address() as { port: number }).port;
});
afterAll(() => app.close());

/** Sends the parts one after the other, `everyMs` apart, and gives all that came back when the connection ended. */
function trickle(parts: readonly string[], everyMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    let next = 0;
    const timer = setInterval(() => {
      if (next < parts.length) socket.write(parts[next++] as string);
      else clearInterval(timer);
    }, everyMs);
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      clearInterval(timer);
      resolve(answer);
    });
    socket.write(parts[next++] as string);
  });
}

const head = (path: string, type: string, rest = '') =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nConnection: close\r\n${rest}\r\n`;

test('headers that do not come are answered request_timeout', async () => {
  const answer = await trickle(['GET /v1/nodes HTTP/1.1\r\nHost: localhost\r\n'], 1000);
  expect(answer).toMatch(/^HTTP\/1.1 408 /);
  expect(answer).toContain('"code":"request_timeout"');
});

test('a JSON body that comes byte by byte is answered request_timeout, and others go on meanwhile', async () => {
  const body = `{"limit":${' '.repeat(60)}1}`;
  const parts = [head('/v1/query/nodes', 'application/json', `Content-Length: ${body.length}\r\n`), ...body];
  const slow = trickle(parts, 25);
  expect((await fetch(`http://127.0.0.1:${port}/v1/nodes?limit=1`)).status).toBe(200);
  const answer = await slow;
  expect(answer).toMatch(/^HTTP\/1.1 408 /);
  expect(answer).toContain('"code":"request_timeout"');
});

test('what is sent on after a refusal is dropped for a while, then the connection is closed', async () => {
  const endless = Array.from({ length: 200 }, () => `400\r\n${'x'.repeat(1024)}\r\n`);
  const refused = head('/t/no-such-route', 'application/x-ndjson', 'Transfer-Encoding: chunked\r\n');
  const begun = performance.now();
  const answer = await trickle([refused.replace('Connection: close\r\n', ''), ...endless], 25).catch(
    (error: NodeJS.ErrnoException) => error.code,
  );
  // A write that comes after the end may be answered by a reset.
  expect(answer).toMatch(/^HTTP\/1.1 404 |^ECONNRESET$|^EPIPE$/);
  expect(performance.now() - begun).toBeLessThan(10 * BODY_TIMEOUT_MS);
});

test('a stream of lines may take longer than a body, as long as it goes on arriving', async () => {
  const lines = Array.from({ length: 12 }, () => '3\r\n{}\n\r\n');
  const answer = await trickle(
    [head('/lines', 'application/x-ndjson', 'Transfer-Encoding: chunked\r\n'), ...lines, '0\r\n\r\n'],
    BODY_TIMEOUT_MS / 4,
  );
  expect(answer).toMatch(/^HTTP\/1.1 200 /);
  expect(answer).toContain('{"bytes":36}');
});

test('a stream of lines that falls silent is answered request_timeout', async () => {
  const answer = await trickle(
    [head('/lines', 'application/x-ndjson', 'Transfer-Encoding: chunked\r\n'), '3\r\n{}\n\r\n'],
    20,
  );
  expect(answer).toMatch(/^HTTP\/1.1 408 /);
  expect(answer).toContain('"code":"request_timeout"');
});

test('what is no HTTP is answered in the form of every other error', async () => {
  const answer = await trickle(['\u0000\u0001\u0002 nonsense\r\n\r\n'], 20);
  expect(answer).toMatch(/^HTTP\/1.1 400 /);
  expect(answer).toContain('"code":"message_malformed"');
});

test('headers over their bound are answered request_too_large', async () => {
  const answer = await trickle([`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`], 20);
  expect(answer).toMatch(/^HTTP\/1.1 413 /);
  expect(answer).toContain('"code":"request_too_large"');
});
