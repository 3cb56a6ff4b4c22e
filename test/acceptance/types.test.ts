import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Installed } from './installed.ts';

/*
 * A fleet of which one half sends texts for everything, as stock nodes do, and the other half types. Each front end
 * answers by the design's rule: JSON documents follow MongoDB to the letter, bare words and filters mean either.
 */

let muster: Installed;

beforeAll(async () => {
  muster = await Installed.start();
  const documents = Array.from({ length: 40 }, (_, i) => {
    const cores = 2 ** ((i >> 1) % 4);
    const virtual = i % 3 === 0;
    const typed = i % 2 === 1;
    return {
      identity: `${typed ? 'typed' : 'text'}${String(i).padStart(2, '0')}.acme.net`,
      facts: {
        processorcount: typed ? cores : String(cores),
        is_virtual: typed ? virtual : String(virtual),
        release: typed ? { major: 10 + (i % 3) } : { major: String(10 + (i % 3)) },
        ...(i % 10 === 0 ? {} : { customer: 'acme' }),
      },
      classes: ['common'],
    };
  });
  const imported = await muster.run('muster', ['import', '-'], {
    input: documents.map((one) => JSON.stringify(one)).join('\n'),
  });
  expect(imported.status).toBe(0);
}, 60_000);

afterAll(() => muster.remove());

interface Told {
  readonly nodes: readonly string[];
  readonly account: {
    readonly total: number;
    readonly matched: number;
    readonly unknown: number;
    readonly otherType: readonly { readonly nodes: number }[];
  };
}

/** What `muster query` and `muster find` say as JSON. */
async function command(name: string, ...args: string[]): Promise<Told> {
  const ran = await muster.run(name, [...args, '--json']);
  const told = JSON.parse(ran.stdout);
  return {
    nodes: told.nodes.map((one: string | { identity: string }) => (typeof one === 'string' ? one : one.identity)),
    account: told.account,
  };
}

async function rest(key: 'query' | 'filter', text: string): Promise<Told> {
  const { body } = await muster.get(`/v1/nodes?limit=1000&${key}=${encodeURIComponent(text)}`);
  const told = JSON.parse(body);
  return { nodes: told.nodes.map((one: { identity: string }) => one.identity), account: told.account };
}

async function graphql(key: 'query' | 'filter', value: unknown): Promise<Told> {
  const type = key === 'query' ? 'JSON' : 'String';
  const document = `query ($v: ${type}) { nodes(${key}: $v, first: 1000) { nodes { identity } account { total matched unknown otherType { nodes } } } }`;
  const { body } = await muster.post('/graphql', { query: document, variables: { v: value } });
  const { nodes } = JSON.parse(body).data;
  return { nodes: nodes.nodes.map((one: { identity: string }) => one.identity), account: nodes.account };
}

describe('half texts, half typed', () => {
  it.each([
    ["{'facts.processorcount': 8}", 10],
    ['{facts.processorcount: 8}', 10],
    ["{'facts.is_virtual': true}", 14],
    ["{'facts.release.major': 11, 'facts.is_virtual': false}", 13],
  ])('the relaxed %s means text and type alike, wherever it is asked', async (text, expected) => {
    const answers = [await command('muster', 'query', text), await rest('query', text), await graphql('query', text)];
    for (const answer of answers) {
      expect(answer.nodes).toHaveLength(expected);
      expect(answer.nodes).toEqual(answers[0]?.nodes);
    }
  });

  it.each([
    [{ 'facts.processorcount': 8 }, 'typed'],
    [{ 'facts.processorcount': '8' }, 'text'],
    [{ 'facts.is_virtual': true }, 'typed'],
    [{ 'facts.release.major': { $gte: 10 } }, 'typed'],
    [{ 'facts.release.major': { $gte: '10' } }, 'text'],
  ])('the JSON document %j follows MongoDB: only the %s half', async (document, half) => {
    const text = JSON.stringify(document);
    const answers = [
      await command('muster', 'query', text),
      await rest('query', text),
      await graphql('query', document),
    ];
    for (const answer of answers) {
      expect(answer.nodes.length).toBeGreaterThan(0);
      expect(answer.nodes.every((identity) => identity.startsWith(half))).toBe(true);
      expect(answer.nodes).toEqual(answers[0]?.nodes);
      expect(answer.account.otherType[0]?.nodes).toBe(20);
    }
  });

  it.each([
    ['processorcount=8', 10],
    ['processorcount>=4', 20],
    ['processorcount!=8', 30],
    ['is_virtual=true', 14],
    ['customer!=emca', 36],
    ['customer=acme common', 36],
  ])('the filter %s finds %i nodes of both halves in every front end', async (filter, expected) => {
    const answers = [
      await command('mc-find', '-W', filter),
      await rest('filter', filter),
      await graphql('filter', filter),
    ];
    for (const answer of answers) {
      expect(answer.nodes).toHaveLength(expected);
      expect(answer.nodes.some((identity) => identity.startsWith('text'))).toBe(true);
      expect(answer.nodes.some((identity) => identity.startsWith('typed'))).toBe(true);
    }
  });

  it('a node without the fact is unknown to a filter and to MongoDB’s $ne, which returns it all the same', async () => {
    const filter = await command('mc-find', '-W', 'customer=emca');
    expect(filter.account).toMatchObject({ total: 40, matched: 0, unknown: 4 });
    const document = await graphql('query', { 'facts.customer': { $ne: 'emca' } });
    expect(document.nodes).toHaveLength(40);
  });
});
