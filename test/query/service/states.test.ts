import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../../client/index.ts';
import { type Account, type JsonObject, NODE_STATES, type NodeState } from '../../../core/index.ts';
import { addSilentNodes, type Fleet, fleet, moreNodes, NOW, SILENCES, serviceOver, startFleet } from './fixture.ts';

/* The fleet, and a node in each other state: what REST, GraphQL and the client give of them. */

interface Page {
  readonly nodes: readonly JsonObject[];
  readonly next: string | null;
  readonly totalCount: number;
  readonly account: Account;
}

let store: Fleet;
let app: FastifyInstance;
let silent: Awaited<ReturnType<typeof addSilentNodes>>;
beforeAll(async () => {
  store = await startFleet();
  silent = await addSilentNodes(store);
  app = await serviceOver(store.engine);
});
afterAll(async () => {
  await app.close();
  await store.close();
});

async function get(search: string): Promise<Page> {
  const answer = await app.inject(`/v1/nodes?${search}`);
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json();
}

const identities = (page: Pick<Page, 'nodes'>) => page.nodes.map((node) => node.identity);
const SERVING = fleet.length + 2;
const EVERYBODY = [...fleet, ...moreNodes.slice(0, 3)].map((node) => node.identity).sort();

describe('GET /v1/nodes?state=', () => {
  test('gives the nodes of each state, with what was asked of them', async () => {
    expect((await get('state=fresh&limit=0')).totalCount).toBe(fleet.length);
    for (const state of ['late', 'missing', 'retired'] as const) {
      const page = await get(`state=${state}`);
      const age = SILENCES[state];
      expect(page.nodes).toEqual([{ identity: silent[state], lastseen: NOW - age, age, state }]);
      expect(page.totalCount).toBe(1);
      expect(page.next).toBeNull();
    }
  });

  test('takes several by commas, by repeating it, and in a body as a list', async () => {
    const both = [silent.late, silent.missing].sort();
    for (const search of ['state=late,missing', 'state=late&state=missing', 'state=missing,%20late&state=late']) {
      expect(identities(await get(search)), search).toEqual(both);
    }
    for (const state of [['late', 'missing'], ['missing,late'], 'missing,late']) {
      const posted = await app.inject({ method: 'POST', url: '/v1/query/nodes', payload: { state } });
      expect(identities(posted.json()), String(state)).toEqual(both);
    }
    const none = await app.inject({ method: 'POST', url: '/v1/query/nodes', payload: { state: [] } });
    expect(none.json()).toMatchObject({ code: 'argument_invalid', field: 'state' });
  });

  test('leaves the account as it is without', async () => {
    const { account } = await get('limit=0');
    expect(account).toMatchObject({ total: SERVING, matched: SERVING - 1, unknown: 1, missing: 1 });
    for (const state of NODE_STATES) expect((await get(`state=${state}&limit=0`)).account).toEqual(account);
    const role = fleet[0]?.facts.role;
    const asked = `query=${encodeURIComponent(JSON.stringify({ 'facts.role': role }))}`;
    const { account: ofRole } = await get(`${asked}&limit=0`);
    expect((await get(`${asked}&state=missing&limit=0`)).account).toEqual(ofRole);
  });

  test('narrows what a question finds, by what was last known of missing and retired nodes', async () => {
    for (const [i, state] of (['late', 'missing', 'retired'] as const).entries()) {
      const { facts } = moreNodes[i] as (typeof moreNodes)[number];
      const own = new URLSearchParams({ state, fact: `role=${facts.role}`, filter: `customer=${facts.customer}` });
      expect(identities(await get(String(own)))).toEqual([silent[state]]);
      const other = new URLSearchParams({ state, filter: 'customer=nobody' });
      expect(await get(String(other))).toMatchObject({ nodes: [], totalCount: 0 });
      expect(await get(`state=${state}&identity=${silent[state]}&fields=identity,role`)).toMatchObject({
        nodes: [{ identity: silent[state], role: facts.role }],
      });
    }
  });

  test('pages by keyset cursors to the whole, whatever the states', async () => {
    const seen: unknown[] = [];
    for (let after: string | null = ''; after !== null; ) {
      const page: Page = await get(`state=fresh,late,missing,retired&limit=50&fields=identity&after=${after}`);
      expect(page.totalCount).toBe(EVERYBODY.length);
      seen.push(...identities(page));
      after = page.next;
    }
    expect(seen).toEqual(EVERYBODY);
    const first = await get('state=late,missing,retired&limit=1');
    const second = await get(`state=late,missing,retired&limit=5&after=${first.next}`);
    expect([...identities(first), ...identities(second)]).toEqual(Object.values(silent).sort());
  });

  test('gives whole documents too', async () => {
    const page = await get('state=missing,retired&fields=*');
    expect(identities(page)).toEqual([silent.missing, silent.retired].sort());
    const retired = page.nodes.find((node) => node.identity === silent.retired);
    expect(retired).toMatchObject({ state: 'retired', retired: NOW - 30, facts: moreNodes[2]?.facts });
    expect(retired).toEqual((await app.inject(`/v1/nodes/${silent.retired}`)).json());
  });

  test('without it nobody who is missing or retired comes', async () => {
    expect((await get('limit=0')).totalCount).toBe(SERVING - 1);
    for (const state of ['missing', 'retired'] as const)
      expect((await get(`identity=${silent[state]}`)).nodes).toEqual([]);
  });
});

describe('GraphQL nodes(state:)', () => {
  /** Runs an operation three times: parsed, compiled, compiled again. */
  async function data(query: string, variables?: JsonObject): Promise<{ nodes: Page }> {
    const answers = [];
    for (let run = 0; run < 3; run++) {
      answers.push((await app.inject({ method: 'POST', url: '/graphql', payload: { query, variables } })).json());
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
    expect(answers[0].errors).toBeUndefined();
    return answers[0].data;
  }
  const FIELDS = 'totalCount nodes { identity state age } account { total matched unknown missing }';
  const account = { total: SERVING, matched: SERVING - 1, unknown: 1, missing: 1 };
  const row = (state: 'late' | 'missing' | 'retired') => ({ identity: silent[state], state, age: SILENCES[state] });
  const VARIABLE = `query($s: [NodeState!]) { nodes(state: $s) { ${FIELDS} } }`;

  test('gives the nodes of the states named, in the text or by a variable', async () => {
    for (const state of ['late', 'missing', 'retired'] as const) {
      const expected = { nodes: { totalCount: 1, nodes: [row(state)], account } };
      expect(await data(`{ nodes(state: [${state}]) { ${FIELDS} } }`)).toEqual(expected);
      expect(await data(`{ nodes(state: ${state}) { ${FIELDS} } }`)).toEqual(expected);
      expect(await data(VARIABLE, { s: [state] })).toEqual(expected);
      expect(await data(VARIABLE, { s: state })).toEqual(expected);
    }
    const all: readonly NodeState[] = NODE_STATES;
    expect((await data(VARIABLE, { s: [...all] })).nodes.totalCount).toBe(EVERYBODY.length);
  });

  test('is as if it were not there where it is null', async () => {
    const without = await data(`{ nodes { ${FIELDS} } }`);
    expect(without.nodes.totalCount).toBe(SERVING - 1);
    for (const variables of [{}, { s: null }]) expect(await data(VARIABLE, variables)).toEqual(without);
  });

  test('joins with a query and with cursors', async () => {
    const query = `query($q: JSON, $after: String) { nodes(query: $q, state: [late, missing, retired], first: 1, after: $after) {
      totalCount nodes { identity } pageInfo { hasNextPage hasPreviousPage endCursor } } }`;
    type Info = { pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string } };
    const found: unknown[] = [];
    let after: string | null = null;
    for (let more = true; more; ) {
      const { nodes } = (await data(query, { q: { 'facts.role': { $exists: true } }, after })) as unknown as {
        nodes: Page & Info;
      };
      expect(nodes.totalCount).toBe(3);
      expect(nodes.pageInfo.hasPreviousPage).toBe(after !== null);
      found.push(...identities(nodes));
      more = nodes.pageInfo.hasNextPage;
      after = nodes.pageInfo.endCursor;
    }
    expect(found).toEqual(Object.values(silent).sort());
  });
});

test('the client asks by state, and walks all of them', async () => {
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const client = createClient({ url, timeoutMs: 5000 });
  expect(identities(await client.nodes({ state: ['missing'], fields: ['identity'] }))).toEqual([silent.missing]);
  const seen: unknown[] = [];
  for await (const node of client.allNodes({ state: NODE_STATES, fields: ['identity', 'state'], limit: 200 })) {
    seen.push(node.identity);
  }
  expect(seen).toEqual(EVERYBODY);
});
