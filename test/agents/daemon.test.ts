import { afterEach, describe, expect, test } from 'vitest';
import { type Agent, type AgentDeps, type AgentEvent, createAgent } from '../../agents/daemon.ts';
import type { FactSource } from '../../agents/facts/fact-source.ts';
import { type Identity, type JsonObject, loadConfig, type Registration } from '../../core/index.ts';
import { generateSigningKey, joinProofMatches, type Message, openSealed, verifySealed } from '../../wire/index.ts';
import { type FaultyLink, faultyLink } from './faulty-link.ts';
import { recordingLogger } from './log-lines.ts';
import { temporaryDir, writeIn } from './temporary.ts';

const agents: Agent[] = [];
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.stop()));
});

const facts = (name: string, read: FactSource['read']): FactSource => ({ name, layer: 'own', read });
const steady = facts('steady', async () => ({ facts: { os: { name: 'Debian' } } }));

interface Part extends Partial<AgentDeps> {
  readonly flags?: Readonly<Record<string, unknown>>;
}

function setUp({ flags, ...part }: Part = {}) {
  const dir = temporaryDir();
  const link = faultyLink();
  const { logger, lines } = recordingLogger();
  const { config } = loadConfig({
    env: {},
    flags: {
      'registration.interval': '1h',
      'registration.splay': '0s',
      'agent.factTimeout': '200ms',
      'agent.classesFiles': [writeIn(dir, 'classes.txt', 'settings\nmysql::master\n')],
      collectives: ['mcollective', 'uk'],
      ...flags,
    },
  });
  const signingKey = generateSigningKey();
  const events: AgentEvent[] = [];
  const agent = createAgent({
    config,
    identity: 'db1.acme.net' as Identity,
    link,
    signingKey,
    logger,
    stateDir: dir,
    sources: [steady],
    agentlist: ['discovery'],
    random: () => 0.5,
    ...part,
  });
  agents.push(agent);
  agent.onEvent((event) => events.push(event));
  return { agent, link, lines, events, signingKey, dir };
}

/** The event a test waits for. */
function until(agent: Agent, wanted: (event: AgentEvent) => boolean): Promise<AgentEvent> {
  return new Promise((resolve) => {
    const end = agent.onEvent((event) => {
      if (!wanted(event)) return;
      end();
      resolve(event);
    });
  });
}

const settled = (kind: string) => (event: AgentEvent) => event.kind === 'settled' && event.outcome.kind === kind;

function messageOf(link: FaultyLink, i: number): Message {
  return JSON.parse(Buffer.from(openSealed(link.sent[i]?.body as Uint8Array).message).toString()) as Message;
}

describe('the agent', () => {
  test('registers at start with a signed message of facts, classes, agents, collectives and interval', async () => {
    const { agent, link, signingKey } = setUp();
    const done = until(agent, settled('receipted'));
    agent.start();
    await done;
    expect(link.sent[0]?.destination).toBe('/queue/mcollective.registration');
    const sealed = openSealed(link.sent[0]?.body as Uint8Array);
    expect(verifySealed(sealed, signingKey.publicKey)).toBe(true);
    expect(messageOf(link, 0)).toMatchObject({
      kind: 'request',
      agent: 'registration',
      target: '/queue/mcollective.registration',
      collective: 'mcollective',
      senderid: 'db1.acme.net',
      callerid: 'node=db1.acme.net',
      ttl: 86_400,
      body: {
        identity: 'db1.acme.net',
        facts: { os: { name: 'Debian' }, operatingsystem: 'Debian' },
        classes: ['settings', 'mysql::master'],
        agentlist: ['discovery'],
        collectives: ['mcollective', 'uk'],
        interval: 3600,
      },
    });
    expect(agent.status()).toMatchObject({
      running: true,
      pending: false,
      refused: null,
      counts: { sent: 1, resent: 0, receipted: 1 },
      lastReceipt: expect.any(Number),
    });
  });

  test('registers every interval, each message newer than the one before', async () => {
    const { agent, link } = setUp({ flags: { 'registration.interval': '30ms' } });
    agent.start();
    await link.taken(4);
    const orders = [0, 1, 2, 3].map((i) => messageOf(link, i));
    for (const [i, order] of orders.slice(1).entries()) {
      const before = orders[i] as Message;
      expect(order.msgtime > before.msgtime || order.sequence > before.sequence).toBe(true);
    }
  });

  test('sends the same bytes again until the receipt comes', async () => {
    const { agent, link, lines, events } = setUp();
    link.reactions.push(new Error('broken'));
    const done = until(agent, settled('receipted'));
    const unsent = until(agent, ({ kind }) => kind === 'unsent');
    agent.start();
    await unsent;
    link.heal();
    await done;
    expect(Buffer.compare(link.sent[0]?.body as Uint8Array, link.sent[1]?.body as Uint8Array)).toBe(0);
    expect(agent.status().counts).toMatchObject({ sent: 2, resent: 1, receipted: 1 });
    expect(events.map(({ kind }) => kind)).toEqual(['gathered', 'sent', 'unsent', 'sent', 'settled']);
    expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', reason: 'broken', attempt: 1 }));
  });

  test('lets the newest registration supersede one that waits for the broker', async () => {
    const { agent, link } = setUp({ flags: { 'registration.interval': '30ms' } });
    link.break();
    const superseded = until(agent, settled('superseded'));
    agent.start();
    await superseded;
    link.heal();
    await until(agent, settled('receipted'));
    expect(agent.status().counts.receipted).toBeGreaterThan(0);
  });

  test('logs a refusal once with its code and remedy, does not send it again, and goes on at the next interval', async () => {
    const { agent, link, lines } = setUp({ flags: { 'registration.interval': '30ms' } });
    link.reactions.push({ refused: 'identity_owned' }, { refused: 'identity_owned' });
    const done = until(agent, settled('receipted'));
    agent.start();
    await done;
    expect(messageOf(link, 0).sequence).not.toBe(messageOf(link, 1).sequence);
    expect(lines.filter(({ level }) => level === 'error')).toMatchObject([
      { code: 'identity_owned', remedy: expect.stringContaining('rebind') },
    ]);
    expect(lines.at(-1)).toMatchObject({ level: 'info', msg: 'Registered' });
    expect(agent.status()).toMatchObject({ refused: null, counts: { refused: 2 } });
  });

  test('a refusal that it does not know is logged all the same', async () => {
    const { agent, link, lines } = setUp();
    link.reactions.push({ refused: 'of_a_later_version' });
    expect(await agent.registerNow()).toEqual({ kind: 'refused', code: 'of_a_later_version' });
    expect(lines).toContainEqual(expect.objectContaining({ level: 'error', code: 'of_a_later_version' }));
  });

  test('that is held back until approval says so, and brings proof of the join token until it is taken', async () => {
    const { agent, link, lines, signingKey } = setUp({ joinToken: 'secret' });
    link.reactions.push({ refused: 'sender_pending' });
    await agent.registerNow();
    await agent.registerNow();
    await agent.registerNow();
    const proofs = [0, 1, 2].map((i) => messageOf(link, i));
    for (const { join, msgtime } of proofs.slice(0, 2)) {
      expect(joinProofMatches(join ?? '', 'secret', signingKey.publicKey, 'db1.acme.net', msgtime)).toBe(true);
    }
    expect(proofs[2]).not.toHaveProperty('join');
    expect(lines[0]).toMatchObject({ level: 'info', code: 'sender_pending' });
    link.reactions.push({ refused: 'sender_unknown' });
    await agent.registerNow();
    await agent.registerNow();
    expect(messageOf(link, 4)).toHaveProperty('join');
  });

  test('goes out with what there is when a source is broken and another hangs', async () => {
    const { agent, link } = setUp({
      sources: [
        steady,
        facts('hangs', () => new Promise(() => undefined)),
        facts('breaks', () => Promise.reject(new Error('broken'))),
      ],
    });
    expect(await agent.registerNow()).toEqual({ kind: 'receipted' });
    expect((messageOf(link, 0).body as unknown as Registration).facts).toMatchObject({ os: { name: 'Debian' } });
    expect(
      agent
        .status()
        .failedSources.map(({ source }) => source)
        .sort(),
    ).toEqual(['breaks', 'hangs']);
  });

  test('that cannot make a registration says so and tries the next', async () => {
    let first = true;
    const sources = [
      facts('huge', async () => {
        const big = first;
        first = false;
        return { facts: (big ? { text: 'x'.repeat(2 * 1024 * 1024) } : { a: 1 }) as JsonObject };
      }),
    ];
    const { agent, lines } = setUp({ sources, flags: { 'registration.interval': '30ms' } });
    const done = until(agent, settled('receipted'));
    agent.start();
    await done;
    expect(agent.status().counts.failed).toBe(1);
    expect(lines).toContainEqual(expect.objectContaining({ level: 'error', code: 'message_too_large' }));
  });

  test('waits a random part of the splay before the first, unless it is to register at once', async () => {
    const flags = { 'registration.splay': '100ms' };
    const begun = Date.now();
    const late = setUp({ flags, random: () => 1 });
    late.agent.start();
    await late.link.taken(1);
    expect(Date.now() - begun).toBeGreaterThanOrEqual(95);
    const soon = setUp({ flags: { 'registration.splay': '1h' }, random: () => 1, atOnce: true });
    soon.agent.start();
    await soon.link.taken(1);
  });

  test('stops while sources hang, while a receipt is awaited, and while it waits', async () => {
    const hanging = setUp({
      sources: [facts('hangs', () => new Promise(() => undefined))],
      flags: { 'agent.factTimeout': '1h' },
    });
    hanging.agent.start();
    await new Promise(setImmediate);
    await hanging.agent.stop();
    expect(hanging.link.sent).toEqual([]);

    const broken = setUp();
    broken.link.reactions.push(new Error('broken'));
    const unsent = until(broken.agent, ({ kind }) => kind === 'unsent');
    broken.agent.start();
    await unsent;
    await broken.agent.stop();
    expect(broken.agent.status().running).toBe(false);
    expect(() => broken.agent.start()).toThrow();
  });

  test('says that redacted host keys leave no known_hosts', () => {
    expect(setUp().lines).toEqual([]);
    for (const pattern of ['ssh.*.key', 'ssh', 'ssh.ed*']) {
      const { lines } = setUp({ flags: { 'facts.redact': [pattern] } });
      expect(lines).toMatchObject([{ level: 'info', msg: expect.stringContaining('known_hosts') }]);
    }
  });

  test('goes on in order after a restart', async () => {
    const first = setUp();
    await first.agent.registerNow();
    await first.agent.stop();
    const second = setUp({ stateDir: first.dir });
    await second.agent.registerNow();
    expect(messageOf(second.link, 0).sequence).toBeGreaterThan(messageOf(first.link, 0).sequence);
  });
});
