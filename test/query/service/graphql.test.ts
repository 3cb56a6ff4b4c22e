import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GRAPHQL_SCHEMA } from '../../../query/service/index.ts';
import { FLEET, type Fleet, fleet, NOW, serviceOver, startFleet, type WatchedEngine, watched } from './fixture.ts';

let app: FastifyInstance;
let store: Fleet;
let engine: WatchedEngine;
beforeAll(async () => {
  store = await startFleet();
  engine = watched(store.engine);
  app = await serviceOver(engine);
});
afterAll(async () => {
  await app.close();
  await store.close();
});

interface GraphqlError {
  readonly message: string;
  readonly path?: readonly unknown[];
  readonly extensions: { readonly code: string; readonly field?: string; readonly remedy?: string };
}

interface Sent {
  readonly status: number;
  readonly data: never;
  readonly errors?: readonly GraphqlError[];
}

/** Runs an operation three times (parsed, compiled, compiled again) and demands the same answer each time. */
async function ask(query: string, variables?: unknown, operationName?: string): Promise<Sent> {
  const answers: Sent[] = [];
  for (let run = 0; run < 3; run++) {
    const payload = { query, variables, operationName } as Record<string, unknown>;
    const answer = await app.inject({ method: 'POST', url: '/graphql', payload });
    const body = answer.json();
    answers.push({ status: answer.statusCode, ...body });
  }
  expect(essence(answers[1])).toEqual(essence(answers[0]));
  expect(essence(answers[2])).toEqual(essence(answers[0]));
  return answers[0] as Sent;
}

/** An answer without the words of its errors: the compiled executor says the same of a wrong variable in other words. */
function essence(sent: Sent | undefined) {
  return { ...sent, errors: sent?.errors?.map(({ path, extensions }) => ({ path, extensions })) };
}

async function data<T>(query: string, variables?: unknown, operationName?: string): Promise<T> {
  const sent = await ask(query, variables, operationName);
  expect(sent.errors).toBeUndefined();
  expect(sent.status).toBe(200);
  return sent.data as T;
}

const seedHost = fleet.find(
  ({ facts, classes }) =>
    facts.customer === 'acme' && facts.environment === 'development' && classes.includes('mysql::master'),
) as (typeof fleet)[number];

test('the schema is what GET /graphql gives, and this', async () => {
  const answer = await app.inject('/graphql');
  expect(answer.body).toBe(GRAPHQL_SCHEMA);
  await expect(GRAPHQL_SCHEMA).toMatchFileSnapshot('schema.golden');
});

test('the seed’s query gives its one host, as text, as variable text, as a document and by filter', async () => {
  const nodes = 'nodes { identity } totalCount account { total matched notMatched unknown }';
  const expected = { identity: seedHost.identity };
  const text = "{'facts.customer': 'acme', 'facts.environment':development, classes: 'mysql::master'}";
  const document = { 'facts.customer': 'acme', 'facts.environment': 'development', classes: 'mysql::master' };
  const asked = [
    await data<{ nodes: { nodes: unknown[] } }>(`{ nodes(query: ${JSON.stringify(text)}) { ${nodes} } }`),
    await data<{ nodes: { nodes: unknown[] } }>(`query($q: JSON) { nodes(query: $q) { ${nodes} } }`, { q: text }),
    await data<{ nodes: { nodes: unknown[] } }>(`query($q: JSON) { nodes(query: $q) { ${nodes} } }`, { q: document }),
    await data<{ nodes: { nodes: unknown[] } }>(
      `{ nodes(filter: "customer=acme environment=development mysql::master") { ${nodes} } }`,
    ),
    await data<{ nodes: { nodes: unknown[] } }>(
      `{ nodes(fact: ["customer=acme", "environment=development"], class: "mysql::master") { ${nodes} } }`,
    ),
  ];
  for (const one of asked) expect(one.nodes).toEqual((asked[0] as (typeof asked)[0]).nodes);
  expect(asked[0]?.nodes.nodes).toEqual([expected]);
});

test('a node gives everything that is known of it', async () => {
  const { identity, facts, classes, agentlist, collectives } = seedHost;
  const { node } = await data<{ node: object }>(
    `query($i: String!) { node(identity: $i) { identity fqdn os: fact(path: "os.name") nothing: fact(path: "nothing")
      legacy: fact(path: "facts.operatingsystem") tree: fact(path: "os")
      facts(paths: ["os.name", "nothing", "processors.count"]) classes agents collectives
      lastSeen firstSeen changed age state interval source { via callerid proof serializer } } }`,
    { i: identity.toUpperCase() },
  );
  const os = facts.os as { name: string };
  expect(node).toEqual({
    identity,
    fqdn: identity,
    os: os.name,
    nothing: null,
    legacy: facts.operatingsystem,
    tree: facts.os,
    facts: { 'os.name': os.name, 'processors.count': (facts.processors as { count: number }).count },
    classes,
    agents: agentlist,
    collectives,
    lastSeen: NOW - 60,
    firstSeen: NOW - 60,
    changed: NOW - 60,
    age: 60,
    state: 'fresh',
    interval: null,
    source: { via: 'http', callerid: 'token=admin', proof: 'token', serializer: 'json' },
  });
  expect(await data('{ node(identity: "nobody.example.net") { identity } }')).toEqual({ node: null });
});

test('whole facts come from the documents, all of a page in one read', async () => {
  engine.reads = 0;
  const query = '{ nodes(filter: "customer=acme", first: 10) { nodes { identity facts } } }';
  const { nodes } = await data<{ nodes: { nodes: { identity: string; facts: object }[] } }>(query);
  for (const node of nodes.nodes) {
    expect(node.facts).toEqual(fleet.find(({ identity }) => identity === node.identity)?.facts);
  }
  expect(engine.reads).toBe(3);
});

test('no document is read where columns have all that is asked', async () => {
  engine.reads = 0;
  await data(`{ nodes(first: 50) { totalCount edges { cursor node { identity fqdn fact(path: "os.name")
    facts(paths: ["role", "os"]) classes agents lastSeen age state source { proof } } } }
    facets(path: ["role", "os.name"]) { facets { path values { value count } } } }`);
  expect(engine.reads).toBe(0);
});

test('a connection pages by cursors to the whole', async () => {
  const query = `query($after: String) { nodes(first: 40, after: $after) { edges { cursor node { identity } }
    nodes { identity } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }`;
  const seen: string[] = [];
  let after: string | null = null;
  for (;;) {
    const { nodes }: { nodes: never } = await data(query, { after });
    const {
      edges,
      pageInfo,
      totalCount,
      nodes: plain,
    } = nodes as {
      edges: { cursor: string; node: { identity: string } }[];
      nodes: { identity: string }[];
      pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string };
      totalCount: number;
    };
    expect(totalCount).toBe(FLEET);
    expect(plain).toEqual(edges.map(({ node }) => node));
    expect(pageInfo.hasPreviousPage).toBe(after !== null);
    expect([pageInfo.startCursor, pageInfo.endCursor]).toEqual([edges[0]?.cursor, edges.at(-1)?.cursor]);
    seen.push(...edges.map(({ node }) => node.identity));
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  expect(seen).toEqual(fleet.map(({ identity }) => identity).sort());
});

test('a page of none gives the account alone', async () => {
  const { nodes } = await data<{ nodes: object }>(
    '{ nodes(first: 0) { nodes { identity } edges { cursor } pageInfo { startCursor endCursor } account { total matched } } }',
  );
  expect(nodes).toEqual({
    nodes: [],
    edges: [],
    pageInfo: { startCursor: null, endCursor: null },
    account: { total: FLEET, matched: FLEET },
  });
});

test('facets are those of REST', async () => {
  const { facets } = await data<{ facets: object }>(
    `{ facets(path: ["role", "classes"], filter: "customer=acme", limit: 4) {
      facets { path values { value count } distinct absent }
      account { total matched notMatched unknown matchedThoughUnknown missing
        otherType { path operator asked met nodes } } } }`,
  );
  const rest = await app.inject('/v1/facets?path=role&path=classes&limit=4&filter=customer=acme');
  expect(facets).toEqual(rest.json());
  const one = await data<{ facets: { facets: object[] } }>('{ facets(path: "role") { facets { path } } }');
  expect(one.facets.facets).toEqual([{ path: 'facts.role' }]);
});

test('the operation named is the one that runs, compiled or not', async () => {
  const query =
    'query A { nodes(first: 0) { totalCount } } query B { node(identity: "nobody.example.net") { identity } }';
  expect(await data(query, undefined, 'A')).toEqual({ nodes: { totalCount: FLEET } });
  expect(await data(query, undefined, 'B')).toEqual({ node: null });
  expect(await data(query, undefined, 'A')).toEqual({ nodes: { totalCount: FLEET } });
  const neither = await ask(query);
  expect(neither.errors?.[0]?.extensions.code).toBe('graphql_invalid');
});

test('variables and directives count each time, not as they were when compiled', async () => {
  const query = 'query($n: Int, $deep: Boolean!) { nodes(first: $n) { nodes { identity state @include(if: $deep) } } }';
  type Nodes = { nodes: { nodes: object[] } };
  expect((await data<Nodes>(query, { n: 2, deep: true })).nodes.nodes).toHaveLength(2);
  const shallow = await data<Nodes>(query, { n: 3, deep: false });
  expect(shallow.nodes.nodes.map((node) => Object.keys(node))).toEqual([['identity'], ['identity'], ['identity']]);
});

test('introspection is answered', async () => {
  const { getIntrospectionQuery } = await import('graphql');
  const { __schema } = await data<{ __schema: { types: { name: string }[] } }>(getIntrospectionQuery());
  expect(__schema.types.map(({ name }) => name)).toContain('NodeConnection');
});

const deep = (levels: number) => `{ ${'nodes { edges { node { '.repeat(levels)} identity ${'} } }'.repeat(levels)} }`;
const doubling = (links: number) =>
  `{ ...f0 } ${Array.from({ length: links }, (_, i) => `fragment f${i} on Query { ...f${i + 1} ...f${i + 1} }`).join(' ')}
   fragment f${links} on Query { nodes { totalCount } }`;

test.each<[string, string, string, unknown?]>([
  ['text that is no GraphQL', '{ nodes(', 'graphql_invalid'],
  ['an unknown field', '{ nodes { nothing } }', 'graphql_invalid'],
  ['an unknown argument', '{ nodes(frist: 1) { totalCount } }', 'graphql_invalid'],
  ['a mutation', 'mutation { nodes { totalCount } }', 'graphql_invalid'],
  ['a subscription', 'subscription { nodes { totalCount } }', 'graphql_invalid'],
  ['a JSON document instead of a text', '{"kind":"Document","definitions":[]}', 'graphql_invalid'],
  ['a variable of another type', 'query($n: Int) { nodes(first: $n) { totalCount } }', 'graphql_invalid', { n: 'x' }],
  ['a state that is none', '{ nodes(state: [asleep]) { totalCount } }', 'graphql_invalid'],
  ['no state', '{ nodes(state: []) { totalCount } }', 'argument_invalid'],
  [
    'a variable state that is none',
    'query($s: [NodeState!]) { nodes(state: $s) { totalCount } }',
    'graphql_invalid',
    { s: ['asleep'] },
  ],
  ['a page over its bound', '{ nodes(first: 1001) { totalCount } }', 'argument_invalid'],
  ['a negative page', '{ nodes(first: -1) { totalCount } }', 'argument_invalid'],
  ['no path', '{ facets(path: []) { account { total } } }', 'argument_invalid'],
  ['a cursor of somebody else', '{ nodes(after: "bm9ib2R5IQ") { totalCount } }', 'cursor_invalid'],
  ['an operator that is not allowed', '{ nodes(query: "{$where: 1}") { totalCount } }', 'query_operator_refused'],
  ['a number as query', '{ nodes(query: 5) { totalCount } }', 'argument_invalid'],
  ['a list as query', 'query($q: JSON) { nodes(query: $q) { totalCount } }', 'argument_invalid', { q: [1] }],
  ['an identity that is none', '{ node(identity: "a b") { identity } }', 'identity_invalid'],
  ['a path that is none', '{ nodes(first: 1) { nodes { fact(path: "a..b") } } }', 'fact_path_invalid'],
  ['a document too deep', deep(5), 'graphql_too_deep'],
  ['a document far too deep', deep(2000), 'graphql_too_deep'],
  ['brackets without end', `{ nodes(query: ${'['.repeat(4000)}`, 'graphql_too_deep'],
  [
    'a hundred aliases',
    `{ ${Array.from({ length: 100 }, (_, i) => `n${i}: nodes { totalCount }`).join(' ')} }`,
    'graphql_too_deep',
  ],
  ['whole facts, too often', '{ nodes(first: 1000) { nodes { a: facts b: facts c: facts } } }', 'graphql_too_deep'],
  ['fragments that double', doubling(40), 'graphql_too_deep'],
  ['a fragment in itself', '{ ...f } fragment f on Query { nodes { totalCount } ...f }', 'graphql_too_deep'],
  [
    'an introspection without end',
    `{ __schema { types { ${'fields { type { '.repeat(12)} name ${'} }'.repeat(12)} } } }`,
    'graphql_too_deep',
  ],
  [
    'more values than one answer may hold',
    `{ nodes(first: 1000) { nodes { ${Array.from({ length: 50 }, (_, i) => `f${i}: fact(path: "p${i}")`).join(' ')} classes } } }`,
    'graphql_too_deep',
  ],
])('%s is refused', async (_name, query, code, variables) => {
  const start = performance.now();
  const sent = await ask(query, variables);
  expect(sent.errors?.[0]?.extensions.code, sent.errors?.[0]?.message).toBe(code);
  expect(sent.errors?.[0]?.extensions.remedy).toBeTruthy();
  expect(performance.now() - start).toBeLessThan(10_000);
});

test('errors carry code, field and value, and the place in the document', async () => {
  const sent = await ask('{ nodes(query: "{\'facts.a\': {$wher: 1}}") { totalCount } }');
  expect(sent).toMatchObject({
    status: 400,
    data: null,
    errors: [
      { path: ['nodes'], extensions: { code: 'query_operator_refused', field: 'facts.a.$wher', value: '$wher' } },
    ],
  });
});

test('an error of one field leaves the data of the others', async () => {
  const sent = await ask('{ node(identity: "a b") { identity } nodes(first: 0) { totalCount } }');
  expect(sent.status).toBe(200);
  expect(sent.data).toEqual({ node: null, nodes: { totalCount: FLEET } });
  expect(sent.errors?.[0]).toMatchObject({ path: ['node'], extensions: { code: 'identity_invalid' } });
});

test('what breaks inside is answered without a word of it', async () => {
  const broken = { ...engine, ready: true, answer: () => Promise.reject(new Error('password is hunter2')) };
  const other = await serviceOver(broken);
  for (let run = 0; run < 3; run++) {
    const payload = { query: '{ nodes { totalCount } }' };
    const answer = await other.inject({ method: 'POST', url: '/graphql', payload });
    expect(answer.statusCode).toBe(500);
    expect(answer.json().errors[0].extensions.code).toBe('internal_error');
    expect(answer.body).not.toContain('hunter2');
  }
  await other.close();
});

test('batches, other methods and questions in the address are refused', async () => {
  const batch = await app.inject({ method: 'POST', url: '/graphql', payload: [{ query: '{ nodes { totalCount } }' }] });
  expect(batch.json().errors[0].extensions).toMatchObject({ code: 'argument_invalid', field: 'body' });
  const get = await app.inject('/graphql?query={nodes{totalCount}}');
  expect(get.json().errors[0].extensions).toMatchObject({ code: 'argument_invalid', field: 'query' });
  const put = await app.inject({ method: 'PUT', url: '/graphql', payload: {} });
  expect([401, 404]).toContain(put.statusCode);
  const empty = await app.inject({ method: 'POST', url: '/graphql', payload: {} });
  expect(empty.json().errors[0].extensions).toMatchObject({ code: 'argument_invalid', field: 'query' });
});

test('a caller who may not read is refused in GraphQL’s form', async () => {
  const answer = await app.inject({
    method: 'POST',
    url: '/graphql',
    headers: { authorization: 'Bearer register-token' },
    payload: { query: '{ nodes { totalCount } }' },
  });
  expect(answer.statusCode).toBe(403);
  expect(answer.json()).toMatchObject({ data: null, errors: [{ extensions: { code: 'token_forbidden' } }] });
});
