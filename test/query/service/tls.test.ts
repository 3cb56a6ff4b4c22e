import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from '../../../client/index.ts';
import { listenService, ServiceError } from '../../../query/service/index.ts';
import { config, FLEET, type Fleet, serviceOver, startFleet } from './fixture.ts';

const folder = join(import.meta.dirname, 'tls');
const tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
const ca = readFileSync(tls.cert, 'utf8');

let fleet: Fleet;
let app: FastifyInstance;
let url: string;
beforeAll(async () => {
  fleet = await startFleet();
  app = await serviceOver(fleet.engine, { config: config({ tls }) });
  url = await listenService(app, config({ tls }));
});
afterAll(async () => {
  await app.close();
  await fleet.close();
});

test('the client asks over TLS with the authority it was given', async () => {
  const client = createClient({ url, ca, timeoutMs: 5000 });
  expect((await client.nodes({ limit: 0 })).totalCount).toBe(FLEET);
  let seen = 0;
  for await (const _ of client.allNodes({ fields: ['identity'], limit: 300 })) seen += 1;
  expect(seen).toBe(FLEET);
});

test('a certificate of an unknown authority is service_unreachable, and says why', async () => {
  await expect(createClient({ url, timeoutMs: 5000 }).nodes()).rejects.toMatchObject({
    code: 'service_unreachable',
    message: expect.stringContaining('self-signed'),
  });
});

test('the own origin of a service with TLS is https', async () => {
  const { request } = await import('node:https');
  const statusOf = (origin: string) =>
    new Promise((resolve, reject) => {
      request(`${url}/healthz`, { ca, headers: { origin }, agent: false }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on('error', reject)
        .end();
    });
  expect(await statusOf(url)).toBe(200);
  expect(await statusOf(url.replace('https', 'http'))).toBe(403);
});

test('a certificate that cannot be read is named', async () => {
  const http = { tls: { ...tls, cert: join(folder, 'nothing.pem') } };
  const thrown = await serviceOver(fleet.engine, { config: config(http) }).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(ServiceError);
  expect(thrown).toMatchObject({ code: 'key_unreadable', field: 'http.tls.cert', value: http.tls.cert });
});

test('an address that is taken is named', async () => {
  const other = await serviceOver(fleet.engine);
  const { host } = new URL(url);
  await expect(listenService(other, config({ listen: host }))).rejects.toMatchObject({
    code: 'address_in_use',
    field: 'http.listen',
    value: host,
  });
  await other.close();
});
