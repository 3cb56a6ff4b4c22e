import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Account, JsonObject } from '../../../core/index.ts';
import { FLEET, fleet, NOW, testService } from './fixture.ts';

interface Page {
  readonly nodes: readonly JsonObject[];
  readonly next: string | null;
  readonly totalCount: number;
  readonly account: Account;
}

let app: FastifyInstance;
beforeAll(async () => {
  app = await testService();
});
afterAll(() => app.close());

const SEED = "{'facts.customer': 'acme', 'facts.environment':development, classes: 'mysql::master'}";
const identitiesWhere = (holds: (node: (typeof fleet)[number]) => boolean) =>
  fleet
    .filter(holds)
    .map((node) => node.identity)
    .sort();
const SEED_HOSTS = identitiesWhere(
  ({ facts, classes }) =>
    facts.customer === 'acme' && facts.environment === 'development' && classes.includes('mysql::master'),
);

async function get(parameters: Record<string, string | readonly string[]>): Promise<Page> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of typeof value === 'string' ? [value] : value) search.append(name, one);
  }
  const answer = await app.inject(`/v1/nodes?${search}`);
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json();
}

const refusal = async (url: string) => {
  const answer = await app.inject(url);
  return { status: answer.statusCode, ...(answer.json() as { code: string; field?: string }) };
};

const identities = (page: Page) => page.nodes.map((node) => node.identity);

test('the seed’s query gives its one host', async () => {
  expect(SEED_HOSTS).toHaveLength(1);
  const page = await get({ query: SEED });
  expect(identities(page)).toEqual(SEED_HOSTS);
  expect(page.totalCount).toBe(1);
  expect(page.next).toBeNull();
});

test('the same question gives the same nodes in every way of asking', async () => {
  const ways: Record<string, string | readonly string[]>[] = [
    { query: SEED },
    { query: '{"facts.customer":"acme","facts.environment":"development","classes":"mysql::master"}' },
    { filter: 'customer=acme environment=development mysql::master' },
    { filter: ['customer=acme', 'environment=development mysql::master'] },
    { fact: ['customer=acme', 'environment=development'], class: 'mysql::master' },
    { select: 'customer=acme and environment=development and mysql::master' },
    { query: "{'facts.customer': acme}", filter: 'environment=development', class: 'mysql::master' },
  ];
  for (const way of ways) expect(identities(await get(way)), JSON.stringify(way)).toEqual(SEED_HOSTS);
  const posted = await app.inject({
    method: 'POST',
    url: '/v1/query/nodes',
    payload: { query: { 'facts.customer': 'acme', 'facts.environment': 'development', classes: 'mysql::master' } },
  });
  expect(identities(posted.json())).toEqual(SEED_HOSTS);
});

test('identity and agent filters are taken', async () => {
  const [first, second] = fleet.map((node) => node.identity) as [string, string];
  expect(identities(await get({ identity: [first, second] }))).toEqual([first, second].sort());
  const page = await get({ agent: 'rpcutil', limit: '0' });
  expect(page.totalCount).toBe(fleet.filter((node) => node.agentlist.includes('rpcutil')).length);
  expect(page.nodes).toEqual([]);
});

test('the account adds up for every question', async () => {
  for (const query of [SEED, '{}', "{'facts.nothing': 1}", "{'facts.nothing': {$ne: 1}}", "{'facts.role': /^d/}"]) {
    const { account, totalCount } = await get({ query, limit: '0' });
    expect(account.matched + account.notMatched + account.unknown).toBe(account.total);
    expect(account.total).toBe(FLEET);
    expect(totalCount).toBe(account.matched);
  }
});

test('requireKnown leaves out what is only matched by MongoDB’s rule', async () => {
  const query = "{'facts.nothing': {$ne: 1}}";
  expect((await get({ query, limit: '0' })).totalCount).toBe(FLEET);
  const known = await get({ query, requireKnown: 'true' });
  expect(known.totalCount).toBe(0);
  expect(known.nodes).toEqual([]);
});

test('fields are what was asked for, by the names asked for, absent ones left out', async () => {
  const [host] = SEED_HOSTS as [string];
  const { facts, classes } = fleet.find((node) => node.identity === host) as (typeof fleet)[number];
  const page = await get({
    identity: host,
    fields:
      'identity,age,state,os.name,facts.os.family,facts.networking,classes,nothing,is_virtual,mountpoints."/var".filesystem',
  });
  const os = facts.os as JsonObject;
  expect(page.nodes).toEqual([
    {
      identity: host,
      age: 60,
      state: 'fresh',
      'os.name': os.name,
      'facts.os.family': os.family,
      'facts.networking': facts.networking,
      classes,
      is_virtual: facts.is_virtual,
      'mountpoints."/var".filesystem': 'xfs',
    },
  ]);
  const byDefault = await get({ identity: host });
  expect(byDefault.nodes).toEqual([{ identity: host, lastseen: NOW - 60, age: 60, state: 'fresh' }]);
});

test('whole documents come with fields=*, keys as they were sent', async () => {
  const [host] = SEED_HOSTS as [string];
  const page = await get({ identity: host, fields: '*' });
  const sent = fleet.find((node) => node.identity === host);
  expect(page.nodes).toHaveLength(1);
  expect(page.nodes[0]).toMatchObject({ identity: host, facts: sent?.facts, classes: sent?.classes, age: 60 });
  const one = await app.inject(`/v1/nodes/${host.toUpperCase()}`);
  expect(one.json()).toEqual(page.nodes[0]);
});

test('pages by keyset put together are the whole, without gap or double', async () => {
  const all: unknown[] = [];
  let after: string | null = '';
  let pages = 0;
  while (after !== null) {
    const page: Page = await get({ limit: '7', after, fields: 'identity' });
    expect(page.nodes.length).toBeLessThanOrEqual(7);
    all.push(...identities(page));
    after = page.next;
    pages += 1;
  }
  expect(all).toEqual(identitiesWhere(() => true));
  expect(pages).toBe(Math.ceil(FLEET / 7));
});

test('a node nobody knows, and a name that is none, are told apart', async () => {
  expect(await refusal('/v1/nodes/nobody.example.net')).toMatchObject({ status: 404, code: 'identity_unknown' });
  expect(await refusal('/v1/nodes/a%20b')).toMatchObject({ status: 400, code: 'identity_invalid', field: 'identity' });
});

test.each([
  ['query={', 'query_syntax'],
  ["query={'facts.environment':,}", 'query_syntax'],
  ['query={$where:1}', 'query_operator_refused'],
  ['query={"facts.a":{"$function":{}}}', 'query_operator_refused'],
  ['query={"facts.a":{"$expr":1}}', 'query_operator_refused'],
  ['query={"$jsonSchema":{}}', 'query_operator_refused'],
  ['query={"facts.a":{"$in":1}}', 'query_invalid'],
  ['query={"facts.a":{"$regex":"(?=a)"}}', 'query_regex_invalid'],
  ['query=[]', 'query_'],
  ['fact=nothing', 'query_syntax'],
  ['select=(a', 'query_syntax'],
  ['after=%21', 'cursor_invalid'],
  ['after=YQ%3D%3D', 'cursor_invalid'],
  ['fields=a..b', 'fact_path_invalid'],
  ['fields="a', 'fact_path_invalid'],
  ['limit=-1', 'argument_invalid'],
  ['limit=1001', 'argument_invalid'],
  ['limit=1&limit=2', 'argument_invalid'],
  ['requireKnown=perhaps', 'argument_invalid'],
  ['state=', 'argument_invalid'],
  ['state=late,', 'argument_invalid'],
  ['state=asleep', 'argument_invalid'],
  ['state=late&state=Missing', 'argument_invalid'],
  [`state=${'late,'.repeat(20)}late`, 'argument_invalid'],
  [`state=late${'&state=late'.repeat(4)}`, 'argument_invalid'],
])('?%s is refused as %s', async (search, code) => {
  const { status, code: got } = await refusal(`/v1/nodes?${search}`);
  expect(got).toMatch(new RegExp(`^${code}`));
  expect(status).toBe(400);
});

test('more fields than may be asked are refused', async () => {
  const fields = Array.from({ length: 201 }, (_, i) => `f${i}`).join(',');
  expect(await refusal(`/v1/nodes?fields=${fields}`)).toMatchObject({ code: 'argument_invalid', field: 'fields' });
});

test('a query of 10,000 clauses is refused by name, and quickly', async () => {
  const query = { $or: Array.from({ length: 10_000 }, (_, i) => ({ 'facts.a': i })) };
  const start = performance.now();
  const answer = await app.inject({ method: 'POST', url: '/v1/query/nodes', payload: { query } });
  expect(answer.json()).toMatchObject({ code: 'query_too_large' });
  expect(performance.now() - start).toBeLessThan(5000);
});

test('a deep query is refused by name', async () => {
  const depth = 20_000;
  const payload = `{"query":${'{"$and":['.repeat(depth)}{}${']}'.repeat(depth)}}`;
  const headers = { 'content-type': 'application/json' };
  const answer = await app.inject({ method: 'POST', url: '/v1/query/nodes', headers, payload });
  expect(answer.json()).toMatchObject({ code: 'query_too_large' });
});

test('a regular expression that would keep a backtracking engine busy is answered at once', async () => {
  const start = performance.now();
  const page = await get({ query: JSON.stringify({ identity: { $regex: '^(([a-z0-9])+.)+[A-Z]([a-z])+$' } }) });
  expect(page.totalCount).toBe(0);
  expect(performance.now() - start).toBeLessThan(5000);
});

test('facets count each value among the nodes that match', async () => {
  const answer = await app.inject('/v1/facets?path=role&path=classes&path=nothing&limit=3&filter=customer=acme');
  const { facets, account } = answer.json();
  const acme = fleet.filter(({ facts }) => facts.customer === 'acme');
  expect(account.matched).toBe(acme.length);
  const roles = new Map<unknown, number>();
  for (const { facts } of acme) roles.set(facts.role, (roles.get(facts.role) ?? 0) + 1);
  const [role, classes, nothing] = facets;
  expect(role).toMatchObject({ path: 'facts.role', distinct: roles.size, absent: 0 });
  expect(role.values).toHaveLength(3);
  for (const { value, count } of role.values) expect(count).toBe(roles.get(value));
  expect(classes.path).toBe('classes');
  expect(classes.values[0].count).toBe(acme.length);
  expect(nothing).toEqual({ path: 'facts.nothing', values: [], distinct: 0, absent: acme.length });
});

test.each([
  ['/v1/facets', 'path'],
  ['/v1/facets?path=', 'path'],
  [`/v1/facets?${Array.from({ length: 21 }, (_, i) => `path=p${i}`).join('&')}`, 'path'],
  ['/v1/facets?path=a&limit=0', 'limit'],
])('%s is refused and names %s', async (url, field) => {
  const { code, field: named } = await refusal(url);
  expect(code).toBe('argument_invalid');
  expect(named).toContain(field);
});
