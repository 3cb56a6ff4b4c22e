import { createServer } from 'node:http';
import { connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClientError, createClient } from '../../client/index.ts';
import { FLEET, type Fleet, fleet, serviceOver, startFleet } from '../query/service/fixture.ts';

let store: Fleet;
let app: FastifyInstance;
let url: string;
let imported: string[] = [];
beforeAll(async () => {
  store = await startFleet();
  app = await serviceOver(store.engine, {
    plugins: [
      async (scope) => {
        scope.addContentTypeParser('application/x-ndjson', (request, payload, done) => {
          done(null, request.headers['content-encoding'] === 'gzip' ? payload.pipe(createGunzip()) : payload);
        });
        scope.post('/v1/registrations', { config: { role: 'register' } }, async (request) => {
          let text = '';
          for await (const chunk of request.body as AsyncIterable<Buffer>) text += chunk.toString();
          imported = text.trimEnd().split('\n');
          return { accepted: imported.length };
        });
        scope.delete('/v1/things/:id', { config: { role: 'admin' } }, async (_request, reply) =>
          reply.code(204).send(),
        );
      },
    ],
  });
  url = await app.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(async () => {
  await app.close();
  await store.close();
});

const client = (over: Partial<Parameters<typeof createClient>[0]> = {}) =>
  createClient({ url, timeoutMs: 5000, ...over });

async function refusal(promise: Promise<unknown>): Promise<ClientError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ClientError);
  return error as ClientError;
}

test('nodes gives a page, its account and where to go on', async () => {
  const page = await client().nodes({ filter: 'customer=acme', fields: ['identity', 'os.name'], limit: 5 });
  expect(page.nodes).toHaveLength(5);
  expect(Object.keys(page.nodes[0] ?? {})).toEqual(['identity', 'os.name']);
  expect(page.account.total).toBe(FLEET);
  const next = await client().nodes({
    filter: 'customer=acme',
    fields: ['identity'],
    limit: 5,
    after: page.next as string,
  });
  expect(next.nodes[0]?.identity).not.toBe(page.nodes[0]?.identity);
});

test('allNodes gives every node over one connection, and the account at the end', async () => {
  let connections = 0;
  const count = (): void => {
    connections += 1;
  };
  app.server.on('connection', count);
  const seen: unknown[] = [];
  const nodes = client().allNodes({ fields: ['identity'], limit: 100 });
  for (;;) {
    const step = await nodes.next();
    if (step.done === true) {
      expect(step.value.matched).toBe(FLEET);
      break;
    }
    seen.push(step.value.identity);
  }
  app.server.off('connection', count);
  expect(seen).toEqual(fleet.map(({ identity }) => identity).sort());
  expect(connections).toBe(1);
});

test('node gives the whole document', async () => {
  const { identity, facts } = fleet[0] as (typeof fleet)[number];
  expect(await client().node(identity)).toMatchObject({ identity, facts, state: 'fresh', age: 60 });
  const error = await refusal(client().node('nobody.example.net'));
  expect(error).toMatchObject({ code: 'identity_unknown', identity: 'nobody.example.net', field: 'identity' });
});

test('facets and graphql answer as the service does', async () => {
  const { facets } = await client().facets({ path: ['role'], query: { 'facts.customer': 'acme' } });
  expect(facets[0]?.path).toBe('facts.role');
  const { data } = await client().graphql('query($q: JSON) { nodes(query: $q) { totalCount } }', {
    q: { 'facts.customer': 'acme' },
  });
  const total = facets[0]?.values.reduce((sum, { count }) => sum + count, 0);
  expect(data).toEqual({ nodes: { totalCount: total } });
});

test('errors come back with code, field, value and remedy', async () => {
  const error = await refusal(client().nodes({ query: { 'facts.a': { $where: 1 } } }));
  expect(error).toMatchObject({ code: 'query_operator_refused', field: 'facts.a.$where', value: '$where' });
  expect(error.remedy).toContain('docs/query-language.md');
  const graphql = await refusal(client().graphql('{ nodes(query: "{$where: 1}") { totalCount } }'));
  expect(graphql).toMatchObject({ code: 'query_operator_refused' });
  const token = await refusal(client({ token: 'guess' }).nodes());
  expect(token).toMatchObject({ code: 'token_invalid' });
});

test('a query longer than an address may be is asked all the same', async () => {
  const identities = fleet.map(({ identity }) => identity);
  const page = await client().nodes({ query: { identity: { $in: identities } }, limit: 0 });
  expect(page.totalCount).toBe(FLEET);
});

test.each([false, true])('importStream sends lines, gzip: %s', async (gzip) => {
  const lines = fleet.slice(0, 50).map((node) => JSON.stringify(node));
  const answer = await client({ token: 'admin-token' }).importStream(Readable.from(lines.map((line) => `${line}\n`)), {
    gzip,
  });
  expect(answer).toEqual({ accepted: 50 });
  expect(imported).toEqual(lines);
});

test('an import refused half way is an error with the service’s code', async () => {
  async function* endless() {
    for (let i = 0; i < 2000; i++) yield `${'x'.repeat(10_000)}\n`;
  }
  const error = await refusal(client({ token: 'read-token' }).importStream(Readable.from(endless())));
  expect(error.code).toBe('token_forbidden');
});

test('a source that breaks while it is imported is its own error', async () => {
  async function* broken() {
    yield '{}\n';
    throw new Error('the disk is gone');
  }
  await expect(client({ token: 'admin-token' }).importStream(Readable.from(broken()))).rejects.toThrow(
    'the disk is gone',
  );
});

test('admin does any request, an answer without a body too', async () => {
  expect(await client({ token: 'admin-token' }).admin('DELETE', '/v1/things/1')).toBeUndefined();
  expect((await refusal(client().admin('DELETE', '/v1/things/1'))).code).toBe('token_missing');
});

test('nobody there is service_unreachable with the address', async () => {
  const error = await refusal(client({ url: 'http://127.0.0.1:1' }).nodes());
  expect(error).toMatchObject({ code: 'service_unreachable', value: 'http://127.0.0.1:1' });
  expect(error.remedy).toBeTruthy();
  expect((await refusal(client({ url: 'http://no-such-host.invalid' }).nodes())).code).toBe('service_unreachable');
});

test('an address that is none is refused at once', () => {
  expect(() => client({ url: 'localhost' })).toThrow(ClientError);
  expect(() => client({ url: 'ftp://localhost' })).toThrow(ClientError);
});

/** A server of bytes for what a service never does. */
async function tcp(
  onConnection: (socket: Socket) => void,
): Promise<{ url: string; server: Server; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, server, sockets };
}

test.each<[string, string, (socket: Socket) => void]>([
  ['silence', 'service_timeout', () => {}],
  [
    'a head without a body',
    'service_timeout',
    (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{'),
  ],
  [
    'a connection cut in the body',
    'service_unreachable',
    (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{'),
  ],
  ['a connection closed at once', 'service_unreachable', (socket) => socket.end()],
  ['another protocol', 'service_unreachable', (socket) => socket.end('SSH-2.0-OpenSSH\r\n')],
  [
    'a page of HTML',
    'service_unreachable',
    (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>'),
  ],
  ['somebody’s 404', 'service_unreachable', (socket) => socket.end('HTTP/1.1 404 No\r\ncontent-length: 2\r\n\r\n{}')],
  [
    'a code nobody knows',
    'service_unreachable',
    (socket) => socket.end('HTTP/1.1 400 No\r\ncontent-length: 12\r\n\r\n{"code":"x"}'),
  ],
])('%s is answered as %s', async (_name, code, behave) => {
  const other = await tcp((socket) => {
    socket.once('data', () => behave(socket));
  });
  const error = await refusal(client({ url: other.url, timeoutMs: 200 }).nodes());
  expect(error.code).toBe(code);
  expect(error.value).toBe(other.url);
  for (const socket of other.sockets) socket.destroy();
  await new Promise((resolve) => other.server.close(resolve));
});

test('a path in the address is kept, and a token sent', async () => {
  const seen: { url: string | undefined; authorization: string | undefined }[] = [];
  const proxy = createServer((request, response) => {
    seen.push({ url: request.url, authorization: request.headers.authorization });
    response.end('{}');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as { port: number };
  await client({ url: `http://127.0.0.1:${port}/muster/`, token: 't0' }).nodes();
  expect(seen).toEqual([{ url: '/muster/v1/query/nodes', authorization: 'Bearer t0' }]);
  await new Promise((resolve) => proxy.close(resolve));
});

test('nothing stays open after an answer, so a command ends at once', async () => {
  await client().nodes({ limit: 0 });
  const open = await new Promise<number>((resolve) => app.server.getConnections((_error, count) => resolve(count)));
  const probe = connect(Number(new URL(url).port), '127.0.0.1');
  await new Promise((resolve) => probe.once('connect', resolve));
  probe.destroy();
  expect(open).toBeLessThanOrEqual(1);
});
