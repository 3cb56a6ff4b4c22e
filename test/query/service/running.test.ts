import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger } from '../../../core/index.ts';
import { ServiceError } from '../../../query/service/index.ts';
import { FLEET, type Fleet, serviceOver, startFleet, watched } from './fixture.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet();
});
afterAll(() => fleet.close());

/** The value of one line of metrics. */
function figure(text: string, line: string): number {
  const found = text.split('\n').find((one) => one.startsWith(`${line} `));
  return Number(found?.slice(line.length + 1));
}

test('metrics count requests by route, the nodes, and Node itself', async () => {
  const app = await serviceOver(fleet.engine);
  await app.inject('/v1/nodes?limit=1');
  await app.inject('/v1/nodes?limit=1');
  await app.inject('/v1/nodes/somebody.example.net');
  await app.inject('/nowhere/1');
  await app.inject('/nowhere/2');
  const { body, headers } = await app.inject('/metrics');
  expect(headers['content-type']).toContain('text/plain');
  expect(figure(body, 'muster_http_requests_total{route="/v1/nodes",method="GET",status="200"}')).toBe(2);
  expect(figure(body, 'muster_http_requests_total{route="/v1/nodes/:identity",method="GET",status="404"}')).toBe(1);
  expect(figure(body, 'muster_http_requests_total{route="unknown",method="GET",status="404"}')).toBe(2);
  expect(figure(body, 'muster_http_request_seconds_count{route="/v1/nodes",method="GET"}')).toBe(2);
  expect(figure(body, 'muster_question_seconds_count{surface="rest",kind="nodes"}')).toBe(2);
  expect(figure(body, 'muster_nodes{silence="none"}')).toBe(FLEET);
  expect(figure(body, 'muster_engine_ready')).toBe(1);
  expect(figure(body, 'muster_engine_rows')).toBe(FLEET);
  expect(figure(body, 'muster_engine_columns')).toBeGreaterThan(50);
  expect(body).toContain('muster_nodejs_eventloop_lag_seconds');
  await app.close();
});

test('readiness names each part that does not work, in words meant for all', async () => {
  let store: Error | undefined;
  const engine = { ...watched(fleet.engine), ready: false };
  const app = await serviceOver(engine, {
    readiness: {
      store: () => {
        if (store !== undefined) throw store;
      },
    },
  });
  const ask = async () => {
    const answer = await app.inject('/readyz');
    return [answer.statusCode, answer.json().checks];
  };
  expect(await ask()).toMatchObject([503, { engine: { ok: false, code: 'not_ready' }, store: { ok: true } }]);
  engine.ready = true;
  expect(await ask()).toMatchObject([200, { engine: { ok: true }, store: { ok: true } }]);
  store = new ServiceError('store_unavailable', 'mongodb://admin:hunter2@db1 does not answer');
  expect(await ask()).toMatchObject([503, { store: { ok: false, code: 'store_unavailable' } }]);
  store = new Error('hunter2');
  expect(await ask()).toMatchObject([503, { store: { ok: false, code: 'internal_error' } }]);
  expect(JSON.stringify(await ask())).not.toContain('hunter2');
  expect((await app.inject('/healthz')).json()).toEqual({ status: 'ok', now: 1_789_000_000 });
  await app.close();
});

test('a check that never answers makes the service not ready instead of silent', async () => {
  const app = await serviceOver(fleet.engine, { readiness: { store: () => new Promise(() => {}) } });
  const answer = await app.inject('/readyz');
  expect(answer.statusCode).toBe(503);
  expect(answer.json().checks.store).toMatchObject({ ok: false, code: 'service_timeout' });
  await app.close();
});

test('questions before the columns are loaded are refused as not_ready, with a time to come back', async () => {
  const app = await serviceOver({ ...watched(fleet.engine), ready: false });
  for (const url of ['/v1/nodes', '/v1/nodes/a.example.net', '/v1/facets?path=a']) {
    const answer = await app.inject(url);
    expect(answer.statusCode).toBe(503);
    expect(answer.json().code).toBe('not_ready');
    expect(answer.headers['retry-after']).toBe('2');
  }
  const graphql = await app.inject({ method: 'POST', url: '/graphql', payload: { query: '{ nodes { totalCount } }' } });
  expect(graphql.statusCode).toBe(503);
  expect(graphql.json().errors[0].extensions.code).toBe('not_ready');
  expect((await app.inject('/metrics')).statusCode).toBe(200);
  await app.close();
});

test('ordinary requests leave no line at info, slow ones leave one with their request id', async () => {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', destination: { write: (line) => lines.push(line) } });
  let wait = 0;
  const engine = watched(fleet.engine);
  const { answer } = engine;
  engine.answer = async (query, options) => {
    await new Promise((resolve) => setTimeout(resolve, wait));
    return answer(query, options);
  };
  const app = await serviceOver(engine, { logger });
  await app.inject('/v1/nodes');
  await app.inject('/v1/nodes?limit=x');
  expect(lines).toEqual([]);
  wait = 1050;
  await app.inject({ url: '/v1/nodes', headers: { 'x-request-id': 'slow-one' } });
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] as string)).toMatchObject({ requestId: 'slow-one', route: '/v1/nodes', status: 200 });
  await app.close();
});

test('each service has a registry of its own', async () => {
  const metrics = new Registry();
  const app = await serviceOver(fleet.engine, { metrics });
  expect(await metrics.metrics()).toContain('muster_http_requests_total');
  await app.close();
});

test('pages put together are the whole while nodes register in between', async () => {
  const { moreNodes, registrationOf, fleet: before } = await import('./fixture.ts');
  const app = await serviceOver(fleet.engine);
  const seen: string[] = [];
  let after = '';
  let more = 0;
  do {
    const page = (await app.inject(`/v1/nodes?fields=identity&limit=50&after=${after}`)).json();
    seen.push(...page.nodes.map((node: { identity: string }) => node.identity));
    after = page.next;
    const come = moreNodes.slice(more, more + 5);
    const again = before.slice(more, more + 5);
    await fleet.apply([...come, ...again].map(registrationOf));
    more += 5;
  } while (after !== null);
  const old = before.map(({ identity }) => identity);
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen).toEqual([...seen].sort());
  expect(seen.filter((identity) => old.includes(identity))).toEqual([...old].sort());
  const { account } = (await app.inject('/v1/nodes?limit=0')).json();
  expect(account.total).toBe(FLEET + Math.min(more, moreNodes.length));
  await app.close();
});

test('more requests at once than the bound are refused as overloaded, and counted', async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const engine = watched(fleet.engine);
  const { answer } = engine;
  engine.answer = async (query, options) => {
    await held;
    return answer(query, options);
  };
  const app = await serviceOver(engine, { requestsMax: 3 });
  // An injected request begins when its answer is waited for.
  const asked = [1, 2, 3].map(async () => await app.inject('/v1/nodes?limit=1'));
  const refused = await app.inject('/v1/nodes?limit=1');
  expect(refused.statusCode).toBe(503);
  expect(refused.json().code).toBe('overloaded');
  expect(refused.headers['retry-after']).toBe('2');
  release();
  for (const one of await Promise.all(asked)) expect(one.statusCode).toBe(200);
  const { body } = await app.inject('/metrics');
  expect(figure(body, 'muster_http_overload_total{what="requests"}')).toBe(1);
  expect(figure(body, 'muster_http_requests_under_way')).toBe(1);
  await app.close();
});
