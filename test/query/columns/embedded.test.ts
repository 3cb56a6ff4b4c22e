import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  compileVolatile,
  digestOf,
  type EpochSeconds,
  type Identity,
  type Json,
  type JsonObject,
  type NodeDocument,
  silentLogger,
  splitVolatile,
  VOLATILE_FACTS,
} from '../../../core/index.ts';
import { createQueryEngine, parseJsonQuery, selectorOf } from '../../../query/index.ts';
import { type NodeChange, type NodeStore, openEmbeddedStore } from '../../../registry/index.ts';
import { createRandom, type Random, testSeed } from '../../random.ts';
import { generateNodes, generateQuery } from '../language/generate.ts';
import { answerPlainly, comparable } from './reference.ts';

/*
 * The columns over the embedded store: what its feed says of random registrations is enough to answer as the judge of
 * its documents does, before and after a restart.
 */

const NOW = 1_789_000_000;
const RULE = { intervalSeconds: 300, expireAfterSeconds: 86_400 };
const RULES = compileVolatile(VOLATILE_FACTS);
const SOURCE = { via: 'stomp', callerid: 'node=any', proof: 'key', serializer: 'json' } as const;

function registration(random: Random, identity: string): NodeChange {
  const [made] = generateNodes(random, 1) as [NodeDocument];
  const { classes, agentlist, collectives, extra } = made;
  const moving: Record<string, Json> = random.chance(0.7) ? { load_averages: { '1m': random.below(9) } } : {};
  if (random.chance(0.3)) moving.uptime = random.chance(0.5) ? '3 days' : { days: 3 };
  const { facts, volatile } = splitVolatile({ ...made.facts, ...moving } as JsonObject, RULES);
  return {
    kind: 'register',
    source: SOURCE,
    receivedAt: (NOW - random.below(1_000)) as EpochSeconds,
    registration: {
      identity: identity as Identity,
      fqdn: identity,
      facts,
      volatile,
      classes,
      agentlist,
      collectives,
      interval: random.chance(0.5) ? 300 : null,
      extra,
      digest: digestOf({ facts, classes, agentlist, collectives, extra } as unknown as Json),
    },
  };
}

function change(random: Random, known: Map<string, NodeChange>): NodeChange {
  const identity = `Node${random.below(40)}.example.net`;
  const kind = random.next();
  const before = known.get(identity);
  if (before?.kind === 'register' && kind < 0.3) {
    // The same content with other volatile facts.
    const volatile: JsonObject = random.chance(0.5) ? { load_averages: { '5m': random.below(9) } } : {};
    return { ...before, registration: { ...before.registration, volatile } };
  }
  if (before !== undefined && kind < 0.4) {
    const what = random.pick(['retire', 'restore', 'forget'] as const);
    return { kind: what, identity: identity as Identity, at: NOW as EpochSeconds };
  }
  const made = registration(random, identity);
  known.set(identity, made);
  return made;
}

async function documentsOf(store: NodeStore): Promise<readonly NodeDocument[]> {
  const all: NodeDocument[] = [];
  for await (const slice of store.scan()) all.push(...slice);
  return all;
}

test('the feed of the embedded store keeps the columns right, through restarts', async () => {
  const seed = testSeed();
  const random = createRandom(seed);
  const directory = await mkdtemp(join(tmpdir(), 'muster-columns-'));
  const known = new Map<string, NodeChange>();
  const faults: string[] = [];
  for (let life = 0; life < 3; life++) {
    const store = await openEmbeddedStore({ path: join(directory, 'store'), logger: silentLogger() });
    // Written while nobody follows.
    await store.apply(Array.from({ length: 15 }, () => change(random, known)));
    const engine = await createQueryEngine({
      store,
      logger: silentLogger(),
      clock: { nowMs: () => NOW * 1000 },
      stateRule: RULE,
      pathsMax: 1_000,
      snapshotFile: join(directory, 'columns'),
    });
    await engine.start();
    for (let step = 0; step < 8; step++) {
      const { position } = await store.apply(Array.from({ length: 10 }, () => change(random, known)));
      await engine.waitFor(position);
      const nodes = await documentsOf(store);
      for (let i = 0; i < 12; i++) {
        const { written } = generateQuery(random, nodes);
        const query = parseJsonQuery(written);
        const expected = answerPlainly(nodes, query, NOW, RULE);
        const { rows, account } = await engine.answer(query, { first: 100 });
        const found = rows.map((row) => row.identity);
        if (
          JSON.stringify([found, comparable(account)]) !==
          JSON.stringify([expected.identities, comparable(expected.account)])
        ) {
          faults.push(`${JSON.stringify(written)}: ${found}, not ${expected.identities}`);
        }
      }
      // The store's own way to find gives the same nodes.
      const query = parseJsonQuery(generateQuery(random, nodes).written);
      const inStore: string[] = [];
      for await (const slice of store.find(selectorOf(query))) {
        for (const node of slice) if (node.retired === undefined) inStore.push(node.identity);
      }
      const inColumns = (await engine.answer(query, { first: 100 })).rows.map((row) => row.identity);
      expect(inColumns, `MUSTER_TEST_SEED=${seed}`).toEqual(inStore);
      for (const node of nodes) {
        const row = engine.row(node.identity);
        expect([row?.lastseen, row?.interval], `MUSTER_TEST_SEED=${seed}`).toEqual([node.lastseen, node.interval]);
        expect(row?.value(['revision']), `MUSTER_TEST_SEED=${seed}`).toBe(node.revision);
      }
    }
    await engine.stop();
    await store.close();
  }
  await rm(directory, { recursive: true });
  expect(faults.slice(0, 3), `MUSTER_TEST_SEED=${seed}`).toEqual([]);
});
