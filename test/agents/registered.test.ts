import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registry as PromRegistry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { type Agent, createAgent } from '../../agents/daemon.ts';
import { generatedDocuments } from '../../agents/simulate/simulated-documents.ts';
import { createSimulation } from '../../agents/simulate/simulation.ts';
import { type JournalEntry, openJournal } from '../../agents/simulate/simulation-journal.ts';
import {
  type Config,
  type Identity,
  loadConfig,
  type NodeDocument,
  silentLogger,
  systemClock,
} from '../../core/index.ts';
import { consumeFromBroker, createRegistry, type NodeStore, openEmbeddedStore } from '../../registry/index.ts';
import {
  type BrokerLink,
  createBroker,
  createBrokerLink,
  generateSigningKey,
  type SigningKey,
} from '../../wire/index.ts';
import { temporaryDir, writeIn } from './temporary.ts';

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

const logger = silentLogger();

async function server(flags: Readonly<Record<string, unknown>> = {}) {
  const dir = temporaryDir();
  const { config } = loadConfig({
    env: {},
    flags: {
      dataDir: dir,
      'security.enrol': 'first-use',
      'agent.factsFile': writeIn(dir, 'facts.txt', 'customer=acme\n'),
      'agent.factsDir': join(dir, 'facts.d'),
      'agent.classesFiles': [writeIn(dir, 'classes.txt', 'mysql::master\n')],
      ...flags,
    },
  });
  const store = await openEmbeddedStore({ path: join(dir, 'store'), logger });
  opened.push(() => store.close());
  const registry = await createRegistry({
    store,
    config,
    clock: systemClock,
    logger,
    metrics: new PromRegistry(),
    workerFile: 'inline',
  });
  opened.push(() => registry.close());
  const broker = createBroker({ host: '127.0.0.1', port: 0, logger });
  consumeFromBroker(broker, { registry, collectives: config.collectives, logger });
  const { port } = await broker.listen();
  opened.push(() => broker.close());
  return { dir, config, store, registry, link: () => linkTo(port) };
}

function linkTo(port: number): BrokerLink {
  const link = createBrokerLink({ hosts: [{ host: '127.0.0.1', port }], logger });
  opened.push(() => link.stop());
  link.start();
  return link;
}

function agentOf(
  { config, dir, link }: { config: Config; dir: string; link: () => BrokerLink },
  signingKey: SigningKey,
  joinToken?: string,
): Agent {
  const agent = createAgent({
    config,
    identity: 'this.machine' as Identity,
    link: link(),
    signingKey,
    logger,
    stateDir: join(dir, 'agent'),
    joinToken,
  });
  opened.push(() => agent.stop());
  return agent;
}

const stored = async (store: NodeStore): Promise<NodeDocument> =>
  (await store.read(['this.machine' as Identity]))[0] as NodeDocument;

describe('registered with a real registry', () => {
  test('this machine is kept with its real facts, and registering again changes nothing but volatile facts', async () => {
    const made = await server();
    const agent = agentOf(made, generateSigningKey());
    expect(await agent.registerNow()).toEqual({ kind: 'receipted' });
    const first = await stored(made.store);
    expect(first).toMatchObject({
      identity: 'this.machine',
      classes: ['mysql::master'],
      interval: 300,
      source: { via: 'stomp', callerid: 'node=this.machine', proof: 'key', serializer: 'json' },
      facts: { customer: 'acme', kernel: 'Linux', operatingsystem: expect.any(String) },
    });
    let digests: readonly string[] = [];
    // Something may be mounted or a bridge made between two looks; three in a row is a fact that is not volatile but moves.
    for (let look = 0; look < 3 && new Set(digests).size !== 1; look++) {
      const before = await stored(made.store);
      await agent.registerNow();
      digests = [before.digest, (await stored(made.store)).digest];
    }
    expect(new Set(digests).size).toBe(1);
  });

  test('another key for the same name is refused by its code', async () => {
    const made = await server();
    await agentOf(made, generateSigningKey()).registerNow();
    const thief = agentOf({ ...made, dir: temporaryDir() }, generateSigningKey());
    expect(await thief.registerNow()).toEqual({ kind: 'refused', code: 'identity_owned' });
  });

  test('a node is held back until it is approved', async () => {
    const made = await server({ 'security.enrol': 'approve' });
    const agent = agentOf(made, generateSigningKey());
    expect(await agent.registerNow()).toEqual({ kind: 'refused', code: 'sender_pending' });
    await made.registry.enrolment.approve('this.machine' as Identity);
    expect(await agent.registerNow()).toEqual({ kind: 'receipted' });
  });

  test('the join token enrols, and a wrong one does not', async () => {
    const joinTokenFile = writeIn(temporaryDir(), 'join.token', 'open sesame\n', 0o600);
    const made = await server({ 'security.enrol': 'join-token', 'security.joinTokenFile': joinTokenFile });
    const key = generateSigningKey();
    expect(await agentOf({ ...made, dir: temporaryDir() }, key, 'wrong').registerNow()).toMatchObject({
      kind: 'refused',
    });
    expect(await agentOf(made, key, 'open sesame').registerNow()).toEqual({ kind: 'receipted' });
  });

  test('every journalled registration of a simulation is there once, as it was or newer', async () => {
    const { dir, store, link } = await server();
    const file = join(dir, 'journal');
    const journal = openJournal(file);
    const simulation = createSimulation({
      links: [link(), link()],
      documents: generatedDocuments(200, 1),
      options: { collective: 'mcollective', rounds: 3, seed: 1, changedFraction: 0.5, nodeIntervalSeconds: 300 },
      journal,
    });
    expect(await simulation.run()).toMatchObject({ receipted: 600, refused: 0 });
    journal.close();
    expect(await store.count()).toBe(200);
    const newest = new Map<string, JournalEntry>();
    for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
      const entry = JSON.parse(line) as JournalEntry;
      newest.set(entry.identity, entry);
    }
    expect(newest.size).toBe(200);
    const nodes = await store.read([...newest.keys()] as Identity[]);
    for (const node of nodes) {
      expect(node?.facts.simulation).toEqual({ generation: newest.get(node?.identity ?? '')?.generation });
    }
    const journalled = [...newest.values()];
    expect(journalled.some(({ generation }) => generation === 2)).toBe(true);
  });
});
