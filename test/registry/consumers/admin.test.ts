import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fingerprint } from '../../../wire/index.ts';
import { json, OVER_STOMP, type RegistryUnderTest, registryForTest, TestNode } from '../registry-for-test.ts';
import { ask, type ServerUnderTest, serve } from './http-for-test.ts';

let test: RegistryUnderTest;
let server: ServerUnderTest;
beforeAll(async () => {
  test = await registryForTest({ settings: { 'security.enrol': 'approve' } });
  server = await serve(test, test.registry);
});
afterAll(async () => {
  await server.app.close();
  await test.dispose();
});

const nodeAct = (name: string, act: string, body?: unknown) =>
  ask(server, 'POST', `/v1/admin/nodes/${name}/${act}`, body);

describe('the admin routes', () => {
  it.each([
    ['GET', '/v1/admin/nodes/pending'],
    ['GET', '/v1/admin/nodes/keys'],
    ['POST', '/v1/admin/nodes/x/approve'],
    ['POST', '/v1/admin/nodes/x/forget'],
    ['GET', '/v1/admin/tokens'],
    ['POST', '/v1/admin/tokens'],
    ['DELETE', '/v1/admin/tokens/x'],
    ['GET', '/v1/admin/deadletters'],
    ['POST', '/v1/admin/deadletters/x/replay'],
    ['DELETE', '/v1/admin/deadletters/x'],
  ])('%s %s is for administrators alone', async (method, path) => {
    const role = `${method}${path}`.replace(/[^a-z]/gi, '').slice(0, 60);
    const { token } = await server.tokens.add({ name: role, role: 'register', identityPattern: '*' });
    expect(await ask(server, method, path, undefined, { authorization: '' })).toMatchObject({
      status: 401,
      body: { code: 'token_missing' },
    });
    expect(await ask(server, method, path, undefined, { authorization: `Bearer ${token}` })).toMatchObject({
      status: 403,
      body: { code: 'token_forbidden' },
    });
    await server.tokens.remove(role);
  });

  it('take a node through its life', async () => {
    const node = new TestNode('db1.acme.net', test.clock);
    const print = fingerprint(node.key.publicKey);
    await test.registry.submit(node.sealed(), OVER_STOMP);
    expect(await ask(server, 'GET', '/v1/admin/nodes/pending')).toMatchObject({
      status: 200,
      body: { keys: [{ identity: 'db1.acme.net', candidates: [{ fingerprint: print }] }], next: null },
    });
    expect(await nodeAct('db1.acme.net', 'approve', { fingerprint: print })).toMatchObject({
      status: 200,
      body: { identity: 'db1.acme.net', outcome: 'approved', fingerprint: print },
    });
    await test.registry.submit(node.sealed(), OVER_STOMP);
    expect(await ask(server, 'GET', '/v1/admin/nodes/keys?limit=1')).toMatchObject({
      body: { keys: [{ state: 'enrolled', fingerprint: print, by: 'approval' }], next: null },
    });
    expect(await nodeAct('db1.acme.net', 'retire')).toMatchObject({ status: 200, body: { outcome: 'retired' } });
    expect(await nodeAct('db1.acme.net', 'restore', {})).toMatchObject({
      body: { outcome: 'restored', nextKey: 'approve' },
    });
    expect(await nodeAct('db1.acme.net', 'rebind')).toMatchObject({ body: { outcome: 'rebound' } });
    expect(await nodeAct('db1.acme.net', 'forget')).toMatchObject({ body: { outcome: 'forgotten' } });
    expect(await nodeAct('db1.acme.net', 'forget')).toMatchObject({ status: 404, body: { code: 'identity_unknown' } });
  });

  it('say what is wrong with a wish, and do nothing', async () => {
    expect(await nodeAct('a%20b', 'retire')).toMatchObject({ status: 400, body: { code: 'identity_invalid' } });
    expect(await nodeAct('x', 'retire', { identity: 'y' })).toMatchObject({
      status: 400,
      body: { code: 'argument_invalid', field: 'identity' },
    });
    expect(await nodeAct('x', 'approve', { fingerprint: 7 })).toMatchObject({
      status: 400,
      body: { field: 'fingerprint' },
    });
    expect(await nodeAct('x', 'approve', [])).toMatchObject({ status: 400, body: { field: 'body' } });
    for (const query of ['limit=0', 'limit=1001', 'limit=x', `after=${'x'.repeat(301)}`]) {
      expect(await ask(server, 'GET', `/v1/admin/nodes/keys?${query}`)).toMatchObject({
        status: 400,
        body: { code: 'argument_invalid' },
      });
    }
  });

  it('make, list and remove tokens', async () => {
    const made = await ask(server, 'POST', '/v1/admin/tokens', {
      name: 'deploy',
      role: 'register',
      identityPattern: '*.acme.net',
    });
    expect(made).toMatchObject({ status: 201, body: { name: 'deploy', token: expect.stringMatching(/^[\w-]{43}$/) } });
    const listed = await ask(server, 'GET', '/v1/admin/tokens');
    expect(listed.body.tokens).toMatchObject([{ name: 'deploy', role: 'register' }]);
    expect(JSON.stringify(listed.body)).not.toMatch(/hash|token"/);
    expect(await ask(server, 'DELETE', '/v1/admin/tokens/deploy')).toMatchObject({ status: 204 });
    expect(await ask(server, 'DELETE', '/v1/admin/tokens/deploy')).toMatchObject({
      status: 404,
      body: { code: 'token_unknown' },
    });
    expect(await ask(server, 'POST', '/v1/admin/tokens', { name: 'x' })).toMatchObject({
      status: 400,
      body: { field: 'role' },
    });
  });

  it('list, show, replay and remove dead letters, page by page', async () => {
    const { caller } = { caller: { role: 'register', callerid: 'token=web', identityPattern: 'web*' } } as const;
    for (let i = 0; i < 5; i++) {
      await test.registry.submit(json({ identity: `db${i}`, facts: {} }), { via: 'http', caller });
    }
    const letters: { id: string; error: { code: string } }[] = [];
    let after = '';
    for (;;) {
      const { body } = await ask(server, 'GET', `/v1/admin/deadletters?limit=2${after}`);
      letters.push(...body.deadLetters);
      if (body.next === null) break;
      after = `&after=${body.next}`;
    }
    const mine = letters.filter((letter) => letter.error.code === 'not_for_this_token');
    expect(mine).toHaveLength(5);
    expect(JSON.stringify(letters)).not.toContain('"body"');
    const path = `/v1/admin/deadletters/${mine[0]?.id}`;
    expect(await ask(server, 'GET', path)).toMatchObject({
      body: { body: '{"identity":"db0","facts":{}}', encoding: 'utf8' },
    });
    expect(await ask(server, 'POST', `${path}/replay`)).toMatchObject({
      status: 200,
      body: { kind: 'taken', outcome: 'inserted' },
    });
    expect(await ask(server, 'POST', `${path}/replay`)).toMatchObject({
      status: 404,
      body: { code: 'deadletter_unknown' },
    });
    expect(await ask(server, 'DELETE', `/v1/admin/deadletters/${mine[1]?.id}`)).toMatchObject({ status: 204 });
    expect(await ask(server, 'DELETE', `/v1/admin/deadletters/${mine[1]?.id}`)).toMatchObject({ status: 404 });
    expect(await ask(server, 'GET', '/v1/admin/deadletters/none')).toMatchObject({ status: 404 });
  });
});
