import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requireRole } from '../../../query/service/index.ts';
import { testService } from './fixture.ts';

const routes: FastifyPluginAsync = async (scope) => {
  scope.get('/t/plain', async (request) => ({ caller: request.caller.callerid }));
  scope.post('/t/plain', async (request) => ({ caller: request.caller.callerid }));
  scope.post('/t/register', { config: { role: 'register' } }, async (request) => request.caller);
  scope.post('/t/admin', { config: { role: 'admin' } }, async () => ({ done: true }));
  scope.delete('/t/inside', async (request) => {
    requireRole(request.caller, 'admin');
    return { done: true };
  });
};

let app: FastifyInstance;
beforeAll(async () => {
  app = await testService({ plugins: [routes] });
});
afterAll(() => app.close());

type Ask = { method?: 'GET' | 'POST' | 'DELETE'; url: string; token?: string; from?: string; headers?: object };
async function ask({ method = 'GET', url, token, from = '127.0.0.1', headers = {} }: Ask) {
  const answer = await app.inject({
    method,
    url,
    remoteAddress: from,
    headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
  });
  return [answer.statusCode, (answer.json() as { code?: string }).code] as const;
}

test.each<[Ask, number, string | undefined, string]>([
  [{ url: '/v1/nodes' }, 200, undefined, 'reads from this machine need no token'],
  [{ url: '/v1/nodes', from: '::1' }, 200, undefined, 'nor over IPv6'],
  [{ url: '/v1/nodes', from: '::ffff:127.0.0.1' }, 200, undefined, 'nor when mapped'],
  [{ url: '/v1/nodes', from: '10.0.0.9' }, 401, 'token_missing', 'from elsewhere they do'],
  [{ url: '/metrics', from: '10.0.0.9' }, 401, 'token_missing', 'metrics too'],
  [
    { url: '/v1/nodes', headers: { 'x-forwarded-for': '10.0.0.9' } },
    401,
    'token_missing',
    'a proxied caller is not local',
  ],
  [{ url: '/v1/nodes', headers: { forwarded: 'for=10.0.0.9' } }, 401, 'token_missing', 'by either header'],
  [{ url: '/v1/nodes', headers: { 'x-real-ip': '10.0.0.9' } }, 401, 'token_missing', 'nginx'],
  [{ url: '/v1/nodes', headers: { via: '1.1 proxy' } }, 401, 'token_missing', 'a proxy of HTTP'],
  [{ url: '/v1/nodes', from: '10.0.0.9', token: 'read-token' }, 200, undefined, 'a read token reads'],
  [{ url: '/v1/nodes', from: '10.0.0.9', token: 'admin-token' }, 200, undefined, 'an admin token too'],
  [{ url: '/v1/nodes', token: 'register-token' }, 403, 'token_forbidden', 'a register token does not'],
  [{ url: '/v1/nodes', token: 'guess' }, 401, 'token_invalid', 'an unknown token is refused, on this machine too'],
  [{ url: '/v1/nodes', headers: { authorization: 'Basic YTpi' } }, 401, 'token_invalid', 'as is another scheme'],
  [{ url: '/v1/nodes', token: 'x'.repeat(2000) }, 401, 'token_invalid', 'and a token of any length'],
  [{ url: '/healthz', from: '10.0.0.9' }, 200, undefined, 'health is open to all'],
  [{ url: '/readyz', from: '10.0.0.9' }, 200, undefined, 'readiness too'],
  [{ url: '/nowhere', from: '10.0.0.9' }, 401, 'token_missing', 'a stranger does not learn which routes there are'],
  [{ method: 'POST', url: '/t/plain' }, 401, 'token_missing', 'a write needs a token on this machine too'],
  [{ method: 'POST', url: '/t/plain', token: 'register-token' }, 200, undefined, 'any token where no role is declared'],
  [{ method: 'POST', url: '/t/register' }, 401, 'token_missing', 'a declared role asks for a token'],
  [{ method: 'POST', url: '/t/register', token: 'read-token' }, 403, 'token_forbidden', 'reading is not registering'],
  [{ method: 'POST', url: '/t/register', token: 'register-token' }, 200, undefined, 'its own role is let through'],
  [{ method: 'POST', url: '/t/register', token: 'admin-token' }, 200, undefined, 'an admin may all'],
  [
    { method: 'POST', url: '/t/admin', token: 'register-token' },
    403,
    'token_forbidden',
    'registering is not administration',
  ],
  [{ method: 'POST', url: '/t/admin', token: 'admin-token' }, 200, undefined, 'administration by an admin'],
  [
    { method: 'DELETE', url: '/t/inside', token: 'read-token' },
    403,
    'token_forbidden',
    'a handler may ask for a role itself',
  ],
  [{ method: 'DELETE', url: '/t/inside' }, 401, 'token_missing', 'and an anonymous caller gets there neither'],
])('%j is answered %i %s: %s', async (asked, status, code) => {
  expect(await ask(asked)).toEqual([status, code]);
});

test('a refusal says how to prove oneself, and never repeats the token', async () => {
  const answer = await app.inject({ url: '/v1/nodes', headers: { authorization: 'Bearer s3cret-guess' } });
  expect(answer.headers['www-authenticate']).toBe('Bearer');
  expect(answer.body).not.toContain('s3cret-guess');
});

test('a route finds who asks', async () => {
  const anonymous = await app.inject('/t/plain');
  expect(anonymous.json()).toEqual({ caller: 'anonymous=loopback' });
  const known = await app.inject({ url: '/t/plain', headers: { authorization: 'bearer read-token' } });
  expect(known.json()).toEqual({ caller: 'token=reader' });
});
