import { afterEach, describe, expect, test } from 'vitest';
import { createAgent } from '../../agents/daemon.ts';
import { factSources } from '../../agents/facts/sources.ts';
import { generatedDocuments } from '../../agents/simulate/simulated-documents.ts';
import { createSimulation } from '../../agents/simulate/simulation.ts';
import { type Identity, loadConfig, type Registration, silentLogger } from '../../core/index.ts';
import {
  type Broker,
  type BrokerConsumer,
  type BrokerLink,
  type BrokerMessage,
  createBroker,
  createBrokerLink,
  generateSigningKey,
  type Message,
  openSealed,
  registrationQueue,
  verifySealed,
} from '../../wire/index.ts';
import { temporaryDir, writeIn } from './temporary.ts';

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function brokerOn(port: number, consumer: BrokerConsumer): Promise<{ broker: Broker; port: number }> {
  const broker = createBroker({ host: '127.0.0.1', port, logger: silentLogger() });
  broker.consume(registrationQueue('mcollective'), consumer);
  const bound = await broker.listen();
  opened.push(() => broker.close());
  return { broker, port: bound.port };
}

function linkTo(port: number): BrokerLink {
  const link = createBrokerLink({
    hosts: [{ host: '127.0.0.1', port }],
    logger: silentLogger(),
    backOff: { firstMs: 10, mostMs: 50 },
    receiptTimeoutMs: 2000,
  });
  opened.push(() => link.stop());
  link.start();
  return link;
}

const messageIn = ({ body }: BrokerMessage): Message =>
  JSON.parse(Buffer.from(openSealed(body).message).toString()) as Message;

describe('over the embedded broker', () => {
  test('an agent registers this machine’s real facts, and again after the broker was away', async () => {
    const dir = temporaryDir();
    const { config } = loadConfig({
      env: {},
      flags: {
        'registration.interval': '1h',
        'registration.splay': '0s',
        'agent.factsFile': writeIn(dir, 'facts.txt', 'customer=acme\n'),
        'agent.factsDir': dir,
        'agent.classesFiles': [writeIn(dir, 'classes.list~', 'mysql::master\n')],
        'facts.redact': ['ssh.*.key'],
      },
    });
    const taken: BrokerMessage[] = [];
    const first = await brokerOn(0, async (message) => {
      taken.push(message);
      return {};
    });
    const signingKey = generateSigningKey();
    const agent = createAgent({
      config,
      identity: 'this.machine' as Identity,
      link: linkTo(first.port),
      signingKey,
      logger: silentLogger(),
      stateDir: dir,
      sources: factSources(config),
      agentlist: ['discovery'],
    });
    opened.push(() => agent.stop());
    expect(await agent.registerNow()).toEqual({ kind: 'receipted' });

    const sealed = openSealed((taken[0] as BrokerMessage).body);
    expect(verifySealed(sealed, signingKey.publicKey)).toBe(true);
    const { facts, classes } = messageIn(taken[0] as BrokerMessage).body as unknown as Registration;
    expect(classes).toEqual(['mysql::master']);
    expect(facts).toMatchObject({ customer: 'acme', kernel: 'Linux', operatingsystem: expect.any(String) });
    expect(JSON.stringify(facts)).not.toContain('sshrsakey');

    await first.broker.close();
    const again = agent.registerNow();
    const second = await brokerOn(first.port, async (message) => {
      taken.push(message);
      return { refused: 'identity_owned' };
    });
    expect(second.port).toBe(first.port);
    expect(await again).toEqual({ kind: 'refused', code: 'identity_owned' });
    expect(taken).toHaveLength(2);
  });

  test('a simulation over several connections gets a receipt for each registration, whatever the broker loses', async () => {
    const seen = new Map<string, number>();
    let handled = 0;
    const { port } = await brokerOn(0, async (message) => {
      handled += 1;
      // Not taken durably: no receipt, and the sender sends again after its time.
      if (handled % 97 === 0) throw new Error('the disk is full');
      const { senderid, sequence } = messageIn(message);
      seen.set(`${senderid} ${sequence}`, (seen.get(`${senderid} ${sequence}`) ?? 0) + 1);
      return handled % 50 === 0 ? { refused: 'sender_pending' } : {};
    });
    const links = [linkTo(port), linkTo(port), linkTo(port)];
    const simulation = createSimulation({
      links,
      documents: generatedDocuments(300, 1),
      options: { collective: 'mcollective', rounds: 2, seed: 1 },
    });
    const counts = await simulation.run();
    expect(counts.receipted + counts.refused).toBe(600);
    expect(counts.refusals.sender_pending).toBeGreaterThan(5);
    expect(counts.resent).toBeGreaterThan(0);
    expect(seen.size).toBe(600);
  });
});
