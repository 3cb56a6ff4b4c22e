import { afterEach, describe, expect, it } from 'vitest';
import { type ErrorCode, silentLogger } from '../../../core/index.ts';
import {
  type Authenticate,
  type Broker,
  type BrokerMessage,
  type BrokerOptions,
  createBroker,
  type FrameHeaders,
  type Principal,
  type StompVersion,
} from '../../../wire/index.ts';
import { RawClient } from './raw-client.ts';

const REGISTRATIONS = '/queue/mcollective.registration';
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Whoever logs in as `kind:name` is just that. */
const believeAll: Authenticate = ({ login }) => {
  const [kind = 'anonymous', name = ''] = login?.split(':') ?? [];
  const principals: Record<string, Principal> = {
    node: { kind: 'node', identity: name },
    client: { kind: 'client', name },
    registry: { kind: 'registry', name },
  };
  return Promise.resolve(principals[kind] ?? { kind: 'anonymous' });
};

async function brokerOf(options: Partial<BrokerOptions> = {}): Promise<{ broker: Broker; port: number }> {
  const broker = createBroker({
    host: '127.0.0.1',
    port: 0,
    authenticate: believeAll,
    logger: silentLogger(),
    ...options,
  });
  cleanups.push(() => broker.close());
  const { port } = await broker.listen();
  return { broker, port };
}

async function as(port: number, login: string, version: StompVersion = '1.2', headers: FrameHeaders = {}) {
  const client = await RawClient.connected(port, { login, passcode: 'x', ...headers }, version);
  cleanups.push(() => client.end());
  return client;
}

/** A promise with its ends outside. */
function gate<T>() {
  let open!: (value: T) => void;
  let fail!: (error: Error) => void;
  const passed = new Promise<T>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { passed, open, fail };
}

describe('CONNECT', () => {
  for (const [offered, agreed] of [
    [undefined, '1.0'],
    ['1.0', '1.0'],
    ['1.0,1.1', '1.1'],
    ['1.1,1.2,9.9', '1.2'],
  ] as const) {
    it(`with accept-version ${offered} gives ${agreed}`, async () => {
      const { port } = await brokerOf();
      const client = RawClient.open(port, '1.0');
      cleanups.push(() => client.end());
      client.send('CONNECT', { host: '/', ...(offered === undefined ? {} : { 'accept-version': offered }) });
      expect((await client.next('CONNECTED')).headers.version).toBe(agreed);
    });
  }

  const refusals: readonly (readonly [string, string, ErrorCode])[] = [
    ['an unknown version', 'CONNECT\naccept-version:3.0\n\n\0', 'frame_malformed'],
    ['SEND before it', 'SEND\ndestination:/queue/x\n\n\0', 'frame_malformed'],
    ['another protocol', 'GET / HTTP/1.1\r\n\r\n', 'frame_malformed'],
    ['a body beyond its bound', `CONNECT\ncontent-length:100000\n\n`, 'frame_too_large'],
    ['a heart-beat that is not two numbers', 'CONNECT\naccept-version:1.2\nheart-beat:x\n\n\0', 'frame_malformed'],
    ['a second one', 'CONNECT\n\n\0CONNECT\n\n\0', 'frame_malformed'],
  ];
  for (const [what, bytes, code] of refusals) {
    it(`answers ${what} by ERROR ${code} and closes`, async () => {
      const { port } = await brokerOf();
      const client = RawClient.open(port, '1.0');
      client.socket.write(bytes);
      const error = await client.next('ERROR');
      expect(error.headers.code).toBe(code);
      expect(error.headers.message).not.toBe('');
      await client.closed;
    });
  }

  it('must come in time', async () => {
    const { port } = await brokerOf({ bounds: { handshakeMs: 100 } });
    const client = RawClient.open(port);
    client.socket.write('CONN');
    expect((await client.next('ERROR')).headers.code).toBe('request_timeout');
    await client.closed;
  });
});

describe('a registration', () => {
  it('gets its RECEIPT, with the headers of the consumer, only after the consumer has taken it', async () => {
    const { broker, port } = await brokerOf();
    const taken = gate<FrameHeaders>();
    const came = gate<BrokerMessage>();
    broker.consume(REGISTRATIONS, (message) => {
      came.open(message);
      return taken.passed;
    });
    const client = await as(port, 'anonymous');
    client.send('SEND', { destination: REGISTRATIONS, receipt: 'r:1', 'content-type': 'x' }, Buffer.from([0, 1, 0]));
    const message = await came.passed;
    expect(message.principal).toEqual({ kind: 'anonymous' });
    expect([...message.body]).toEqual([0, 1, 0]);
    expect(message.headers['content-type']).toBe('x');
    expect(client.frames).toEqual([]);
    taken.open({ refused: 'sender_pending' });
    expect({ ...(await client.next('RECEIPT')).headers }).toEqual({ refused: 'sender_pending', 'receipt-id': 'r:1' });
  });

  it('gets no RECEIPT where the consumer fails, and the rest goes on', async () => {
    const dropped: string[] = [];
    const { broker, port } = await brokerOf({ metrics: { ...counting(), dropped: (reason) => dropped.push(reason) } });
    broker.consume(REGISTRATIONS, async ({ headers }) => {
      if (headers.n === '1') throw new Error('disk full');
      if (headers.n === '2') throw new Error('again');
      return undefined;
    });
    const client = await as(port, 'node:a');
    for (const n of ['1', '2', '3']) client.send('SEND', { destination: REGISTRATIONS, n, receipt: n });
    expect((await client.next('RECEIPT')).headers['receipt-id']).toBe('3');
    expect(dropped).toEqual(['consumer_failed', 'consumer_failed']);
  });

  it('waits, without RECEIPT, until there is a consumer', async () => {
    const { broker, port } = await brokerOf();
    const client = await as(port, 'node:a');
    client.send('SEND', { destination: REGISTRATIONS, receipt: '1' }, 'early');
    client.send('SEND', { destination: '/queue/mcollective.reply.x_1.1', receipt: '2' }, 'to see that it came');
    expect((await client.next('RECEIPT')).headers['receipt-id']).toBe('2');
    const bodies: string[] = [];
    broker.consume(REGISTRATIONS, async ({ body }) => {
      bodies.push(Buffer.from(body).toString());
      return undefined;
    });
    expect((await client.next('RECEIPT')).headers['receipt-id']).toBe('1');
    expect(bodies).toEqual(['early']);
  });

  it('may be taken by a subscribed registry, whose ACK makes the RECEIPT', async () => {
    const { port } = await brokerOf();
    const registry = await as(port, 'registry:r');
    await registry.sync('SUBSCRIBE', { id: '0', destination: REGISTRATIONS, ack: 'client-individual' });
    const client = await as(port, 'node:a');
    client.send('SEND', { destination: REGISTRATIONS, receipt: '1' }, 'x');
    const message = await registry.next('MESSAGE');
    expect(client.frames).toEqual([]);
    registry.send('ACK', { id: message.headers.ack as string });
    expect((await client.next('RECEIPT')).headers['receipt-id']).toBe('1');
  });

  it('that has expired is refused in its RECEIPT, so that nobody sends it again', async () => {
    const { port } = await brokerOf();
    const client = await as(port, 'node:a');
    client.send('SEND', { destination: REGISTRATIONS, receipt: '1', expires: '1000' }, 'x');
    expect((await client.next('RECEIPT')).headers.refused).toBe('message_expired');
  });

  it('is submitted in order, many at once, and no more than the bound: then the socket is not read', async () => {
    const { broker, port } = await brokerOf({ bounds: { inFlightMessagesMax: 4 } });
    const started: string[] = [];
    const gates: ReturnType<typeof gate<undefined>>[] = [];
    const watchers: (() => void)[] = [];
    broker.consume(REGISTRATIONS, ({ headers }) => {
      started.push(headers.n as string);
      const one = gate<undefined>();
      gates.push(one);
      for (const watcher of watchers) watcher();
      return one.passed;
    });
    const startedAre = (count: number) =>
      new Promise<void>((resolve) => {
        const look = () => started.length >= count && resolve();
        watchers.push(look);
        look();
      });
    const client = await as(port, 'node:a');
    for (let n = 0; n < 20; n++) client.send('SEND', { destination: REGISTRATIONS, n: String(n), receipt: String(n) });
    await startedAre(4);
    const other = await as(port, 'node:b');
    await other.sync('SEND', { destination: '/queue/mcollective.reply.x_1.1' });
    expect(started).toEqual(['0', '1', '2', '3']);
    gates[2]?.open(undefined);
    await startedAre(5);
    expect((await client.next('RECEIPT')).headers['receipt-id']).toBe('2');
    for (let n = 0; n < 20; n++) {
      await startedAre(n + 1);
      gates[n]?.open(undefined);
    }
    await client.until(() => client.frames.length === 19);
    expect(started).toEqual(Array.from({ length: 20 }, (_, n) => String(n)));
  });

  it('of one connection waits for the bound that all share, and goes on after', async () => {
    const { broker, port } = await brokerOf({ bounds: { inFlightTotalBytesMax: 10 } });
    const first = gate<undefined>();
    broker.consume(REGISTRATIONS, ({ headers }) => (headers.n === '0' ? first.passed : Promise.resolve(undefined)));
    const [one, two] = [await as(port, 'node:a'), await as(port, 'node:b')];
    one.send('SEND', { destination: REGISTRATIONS, n: '0', receipt: '0' }, 'x'.repeat(20));
    one.send('SEND', { destination: REGISTRATIONS, n: '1', receipt: '1' }, 'x');
    two.send('SEND', { destination: REGISTRATIONS, n: '2', receipt: '2' }, 'x');
    await two.next('RECEIPT');
    two.send('SEND', { destination: REGISTRATIONS, n: '3', receipt: '3' }, 'x');
    first.open(undefined);
    await two.next('RECEIPT');
    await one.until(() => one.frames.length === 2);
  });

  it('to a collective that nobody takes holds up no other', async () => {
    const { broker, port } = await brokerOf({ bounds: { inFlightTotalBytesMax: 1000 } });
    broker.consume(REGISTRATIONS, async () => undefined);
    const [staying, leaving] = [await as(port, 'node:x'), await as(port, 'node:y')];
    for (const stranger of [staying, leaving]) {
      stranger.send('SEND', { destination: '/queue/nobody.registration' }, 'x'.repeat(1000));
      await stranger.sync('SEND', { destination: '/queue/mcollective.reply.x_1.1' }, 'it came');
    }
    leaving.end();
    await leaving.closed;
    const node = await as(port, 'node:a');
    await node.sync('SEND', { destination: REGISTRATIONS }, 'one');
    await node.sync('SEND', { destination: REGISTRATIONS }, 'two');
  }, 5000);

  it('that waited counts as in flight from when a consumer has it', async () => {
    const { broker, port } = await brokerOf({ bounds: { inFlightTotalBytesMax: 10 } });
    const early = await as(port, 'node:a');
    early.send('SEND', { destination: REGISTRATIONS, receipt: 'early' }, 'x'.repeat(20));
    await (await as(port, 'node:c')).sync('SEND', { destination: '/queue/mcollective.reply.x_1.1' }, 'it came');
    const first = gate<undefined>();
    const taken: string[] = [];
    broker.consume(REGISTRATIONS, ({ body }) => {
      taken.push(Buffer.from(body).toString());
      return taken.length === 1 ? first.passed : Promise.resolve(undefined);
    });
    const other = await as(port, 'node:b');
    other.send('SEND', { destination: REGISTRATIONS, receipt: '1' }, 'one');
    await other.next('RECEIPT');
    other.send('SEND', { destination: REGISTRATIONS, receipt: '2' }, 'two');
    await (await as(port, 'node:c')).sync('SEND', { destination: '/queue/mcollective.reply.x_1.1' }, 'after it');
    expect(taken).toHaveLength(2);
    first.open(undefined);
    await other.next('RECEIPT');
    expect(taken).toEqual(['x'.repeat(20), 'one', 'two']);
  });
});

describe('a queue', () => {
  const NODES = '/queue/mcollective.nodes';
  const REPLIES = '/queue/mcollective.reply.rip_9.1';
  const own = (identity: string) => ({ destination: NODES, selector: `mc_identity = '${identity}'` });

  it('gives a directed message to the node it names, each version its own headers', async () => {
    const { port } = await brokerOf();
    const old = await as(port, 'node:old', '1.0');
    await old.sync('SUBSCRIBE', own('old'));
    const fresh = await as(port, 'node:fresh');
    await fresh.sync('SUBSCRIBE', { ...own('fresh'), id: 's:1' });
    const client = await as(port, 'client:rip');
    for (const identity of ['fresh', 'old']) {
      client.send('SEND', { destination: NODES, mc_identity: identity, 'reply-to': REPLIES, odd: 'a:b\nc' }, identity);
    }
    const toOld = await old.next('MESSAGE');
    expect(toOld.body.toString()).toBe('old');
    expect(toOld.headers).toMatchObject({ 'reply-to': REPLIES, destination: NODES, odd: 'a:b c' });
    expect(toOld.headers.subscription).toBeUndefined();
    const toFresh = await fresh.next('MESSAGE');
    expect(toFresh.headers).toMatchObject({ subscription: 's:1', odd: 'a:b\nc', mc_identity: 'fresh' });
    expect(toFresh.headers['message-id']).toMatch(/^m\d+$/);
    expect(old.frames).toEqual([]);
  });

  it('keeps what nobody reads until somebody does, and drops what expires', async () => {
    const clock = { now: 1_000_000, nowMs: () => clock.now };
    const { port } = await brokerOf({ clock });
    const client = await as(port, 'client:rip');
    await client.sync('SEND', { destination: NODES, mc_identity: 'a', expires: '1000500' }, 'short');
    await client.sync('SEND', { destination: NODES, mc_identity: 'a', expires: '1009000' }, 'long');
    await client.sync('SEND', { destination: NODES, mc_identity: 'b' }, 'for b');
    clock.now = 1_001_000;
    const node = await as(port, 'node:a');
    await node.sync('SUBSCRIBE', { ...own('a'), id: '0' });
    expect((await node.next('MESSAGE')).body.toString()).toBe('long');
    await node.sync('UNSUBSCRIBE', { id: '0' });
    expect(node.frames).toEqual([]);
  });

  it('counts headers too, so that empty messages fill it like others', async () => {
    const { port } = await brokerOf({ bounds: { bufferedBytesMax: 3000 } });
    const client = await as(port, 'client:rip');
    const long = { destination: NODES, mc_identity: 'a', padding: 'x'.repeat(1000) };
    await client.sync('SEND', long);
    await client.sync('SEND', long);
    client.send('SEND', { ...long, receipt: 'over' });
    await client.sync('SUBSCRIBE', { destination: REPLIES, id: '0' });
    expect(client.frames.some((frame) => frame.headers['receipt-id'] === 'over')).toBe(false);
  });

  it('keeps nothing longer than its own bound, whatever expires says', async () => {
    const clock = { now: 1_000_000, nowMs: () => clock.now };
    const { port } = await brokerOf({ clock, bounds: { messageAgeMs: 5000 } });
    const client = await as(port, 'client:rip');
    await client.sync('SEND', { destination: NODES, mc_identity: 'a', expires: '9e15' }, 'for ever');
    clock.now += 5001;
    await client.sync('SEND', { destination: NODES, mc_identity: 'a' }, 'new');
    const node = await as(port, 'node:a');
    await node.sync('SUBSCRIBE', { ...own('a'), id: '0' });
    expect((await node.next('MESSAGE')).body.toString()).toBe('new');
  });

  it('gives to its subscribers in turn, and one message to one only', async () => {
    const { port } = await brokerOf();
    const one = await as(port, 'client:rip');
    const two = await as(port, 'client:rip');
    for (const client of [one, two]) await client.sync('SUBSCRIBE', { id: '0', destination: REPLIES });
    const node = await as(port, 'node:a');
    for (let n = 0; n < 6; n++) await node.sync('SEND', { destination: REPLIES }, String(n));
    await one.until(() => one.frames.length === 3);
    await two.until(() => two.frames.length === 3);
    expect(one.frames.map((frame) => frame.body.toString())).toEqual(['0', '2', '4']);
  });

  for (const version of ['1.0', '1.1', '1.2'] as const) {
    const ackHeaders = (message: { headers: FrameHeaders }): FrameHeaders =>
      version === '1.2'
        ? { id: message.headers.ack as string }
        : { 'message-id': message.headers['message-id'] as string, subscription: '0' };

    it(`redelivers at ${version} what was not acknowledged, in order and marked`, async () => {
      const { port } = await brokerOf();
      const reader = await as(port, 'client:rip', version);
      await reader.sync('SUBSCRIBE', { id: '0', destination: REPLIES, ack: 'client-individual' });
      const node = await as(port, 'node:a');
      for (const text of ['1', '2', '3']) await node.sync('SEND', { destination: REPLIES }, text);
      const first = await reader.next('MESSAGE');
      await reader.next('MESSAGE');
      await reader.next('MESSAGE');
      await reader.sync('ACK', ackHeaders(first));
      reader.end();
      await reader.closed;
      const next = await as(port, 'client:rip', version);
      await next.sync('SUBSCRIBE', { id: '0', destination: REPLIES, ack: 'client' });
      await next.until(() => next.frames.length === 2);
      expect(next.frames.map((frame) => [frame.body.toString(), frame.headers.redelivered])).toEqual([
        ['2', 'true'],
        ['3', 'true'],
      ]);
    });

    it(`takes at ${version} one ACK of mode client for all before it`, async () => {
      const { port } = await brokerOf();
      const reader = await as(port, 'client:rip', version);
      await reader.sync('SUBSCRIBE', { id: '0', destination: REPLIES, ack: 'client' });
      const node = await as(port, 'node:a');
      for (const text of ['1', '2', '3']) await node.sync('SEND', { destination: REPLIES }, text);
      await reader.until(() => reader.frames.length === 3);
      await reader.sync('ACK', ackHeaders(reader.frames[1] as (typeof reader.frames)[number]));
      await reader.sync('UNSUBSCRIBE', { id: '0' });
      reader.frames.length = 0;
      await reader.sync('SUBSCRIBE', { id: '1', destination: REPLIES });
      expect((await reader.next('MESSAGE')).body.toString()).toBe('3');
      expect(reader.frames).toEqual([]);
    });
  }

  it('gives no more than the prefetch bound before an ACK', async () => {
    const { port } = await brokerOf();
    const reader = await as(port, 'client:rip');
    await reader.sync('SUBSCRIBE', { id: '0', destination: REPLIES, ack: 'client-individual', 'prefetch-count': '2' });
    const node = await as(port, 'node:a');
    for (const text of ['1', '2', '3', '4']) await node.sync('SEND', { destination: REPLIES }, text);
    await reader.sync('ACK', { id: 'unknown' });
    expect(reader.frames.map((frame) => frame.body.toString())).toEqual(['1', '2']);
    await reader.sync('ACK', { id: reader.frames[0]?.headers.ack as string });
    expect(reader.frames.map((frame) => frame.body.toString())).toEqual(['1', '2', '3']);
  });

  it('redelivers after NACK, but not for ever', async () => {
    const dropped: string[] = [];
    const { port } = await brokerOf({
      bounds: { redeliveriesMax: 2 },
      metrics: { ...counting(), dropped: (reason) => dropped.push(reason) },
    });
    const reader = await as(port, 'client:rip');
    await reader.sync('SUBSCRIBE', { id: '0', destination: REPLIES, ack: 'client-individual' });
    const node = await as(port, 'node:a');
    await node.sync('SEND', { destination: REPLIES }, 'poison');
    for (let n = 0; n < 3; n++) {
      const message = await reader.next('MESSAGE');
      expect(message.headers.redelivered).toBe(n === 0 ? undefined : 'true');
      await reader.sync('NACK', { id: message.headers.ack as string });
    }
    expect(reader.frames).toEqual([]);
    expect(dropped).toEqual(['nacked']);
  });

  it('that is full takes nothing more, and says so by silence', async () => {
    const dropped: string[] = [];
    const { port } = await brokerOf({
      bounds: { queueMessagesMax: 2 },
      metrics: { ...counting(), dropped: (reason) => dropped.push(reason) },
    });
    const node = await as(port, 'node:a');
    for (const receipt of ['1', '2', '3']) node.send('SEND', { destination: REPLIES, receipt }, 'x');
    await node.sync('SUBSCRIBE', { id: '0', destination: '/topic/mcollective.rpcutil.agent' });
    expect(node.frames.map((frame) => frame.headers['receipt-id'])).toEqual(['1', '2']);
    expect(dropped).toEqual(['queue_full']);
  });
});

describe('a topic', () => {
  const TOPIC = '/topic/mcollective.rpcutil.agent';

  it('goes to everybody who listens, by selector, and to nobody later', async () => {
    const { port } = await brokerOf();
    const client = await as(port, 'client:rip');
    await client.sync('SEND', { destination: TOPIC }, 'too early');
    const [a, b] = [await as(port, 'node:a'), await as(port, 'node:b')];
    await a.sync('SUBSCRIBE', { id: '0', destination: TOPIC });
    await b.sync('SUBSCRIBE', { id: '0', destination: TOPIC, selector: "size > 10 AND colour = 'red'" });
    await client.sync('SEND', { destination: TOPIC, size: '9', colour: 'red' }, 'small');
    await client.sync('SEND', { destination: TOPIC, size: '11', colour: 'red' }, 'large');
    await a.until(() => a.frames.length === 2);
    expect((await b.next('MESSAGE')).body.toString()).toBe('large');
    expect(a.frames.map((frame) => frame.body.toString())).toEqual(['small', 'large']);
  });

  it('of stock registrations may have a consumer in this process', async () => {
    const { broker, port } = await brokerOf();
    const came = gate<string>();
    broker.consume('/topic/mcollective.registration.agent', async ({ body }) => {
      came.open(Buffer.from(body).toString());
      return undefined;
    });
    const node = await as(port, 'node:a', '1.0');
    await node.sync('SEND', { destination: '/topic/mcollective.registration.agent' }, 'facts');
    expect(await came.passed).toBe('facts');
  });
});

describe('a session', () => {
  const refusals: readonly (readonly [string, string, string, FrameHeaders, ErrorCode])[] = [
    ['an unknown command', 'node:a', 'HELLO', {}, 'frame_malformed'],
    ['a transaction', 'node:a', 'BEGIN', { transaction: 't' }, 'broker_refused'],
    ['a SEND in one', 'node:a', 'SEND', { destination: REGISTRATIONS, transaction: 't' }, 'broker_refused'],
    ['a SEND without destination', 'node:a', 'SEND', {}, 'frame_malformed'],
    ['a SUBSCRIBE without id', 'node:a', 'SUBSCRIBE', { destination: '/topic/c.x.agent' }, 'frame_malformed'],
    [
      'a bad selector',
      'node:a',
      'SUBSCRIBE',
      { id: '1', destination: '/topic/c.x.agent', selector: 'a = ' },
      'selector_invalid',
    ],
    [
      'an unknown ack mode',
      'node:a',
      'SUBSCRIBE',
      { id: '1', destination: '/topic/c.x.agent', ack: 'maybe' },
      'frame_malformed',
    ],
    ['an unknown UNSUBSCRIBE', 'node:a', 'UNSUBSCRIBE', { id: '1' }, 'frame_malformed'],
    ['an ACK without id', 'node:a', 'ACK', {}, 'frame_malformed'],
    [
      'a stranger who subscribes',
      'anonymous',
      'SUBSCRIBE',
      { id: '1', destination: '/topic/c.x.agent' },
      'broker_refused',
    ],
    [
      'a stranger who reads registrations',
      'node:a',
      'SUBSCRIBE',
      { id: '1', destination: REGISTRATIONS },
      'broker_refused',
    ],
  ];
  for (const [what, login, command, headers, code] of refusals) {
    it(`answers ${what} by ERROR ${code} and closes`, async () => {
      const { port } = await brokerOf();
      const client = await as(port, login);
      client.send(command, { ...headers, receipt: 'r' });
      const error = await client.next('ERROR');
      expect([error.headers.code, error.headers['receipt-id']]).toEqual([code, 'r']);
      await client.closed;
    });
  }

  it('has its bound of subscriptions, and none twice', async () => {
    const { port } = await brokerOf({ bounds: { subscriptionsPerConnectionMax: 2 } });
    const topic = '/topic/c.x.agent';
    const client = await as(port, 'node:a');
    await client.sync('SUBSCRIBE', { id: '1', destination: topic });
    await client.sync('SUBSCRIBE', { id: '2', destination: topic });
    client.send('SUBSCRIBE', { id: '3', destination: topic });
    expect((await client.next('ERROR')).headers.code).toBe('broker_too_busy');
    const twice = await as(port, 'node:a');
    twice.send('SUBSCRIBE', { id: '1', destination: topic });
    twice.send('SUBSCRIBE', { id: '1', destination: topic });
    expect((await twice.next('ERROR')).headers.code).toBe('frame_malformed');
  });

  it('sends heart-beats as agreed, and ends where none come', async () => {
    const { port } = await brokerOf({ bounds: { heartbeatMinMs: 100 } });
    const client = await as(port, 'node:a', '1.2', { 'heart-beat': '0,100' });
    await client.until(() => client.heartbeats >= 2);
    const silent = RawClient.open(port);
    silent.send('CONNECT', { 'accept-version': '1.2', 'heart-beat': '100,0' });
    expect((await silent.next('CONNECTED')).headers['heart-beat']).toBe('0,100');
    expect((await silent.next('ERROR')).headers.code).toBe('request_timeout');
    await silent.closed;
  });

  it('ends where one frame takes too long', async () => {
    const { port } = await brokerOf({ bounds: { frameMs: 100 } });
    const client = await as(port, 'node:a');
    client.socket.write('SEND\ndestination:/queue/x\n');
    expect((await client.next('ERROR')).headers.code).toBe('request_timeout');
  });

  it('answers DISCONNECT after the receipts of what is in flight', async () => {
    const { broker, port } = await brokerOf();
    const taken = gate<undefined>();
    const came = gate<undefined>();
    broker.consume(REGISTRATIONS, () => {
      came.open(undefined);
      return taken.passed;
    });
    const client = await as(port, 'node:a');
    client.send('SEND', { destination: REGISTRATIONS, receipt: '1' });
    client.send('DISCONNECT', { receipt: '2' });
    await came.passed;
    expect(client.frames).toEqual([]);
    taken.open(undefined);
    await client.closed;
    expect(client.frames.map((frame) => frame.headers['receipt-id'])).toEqual(['1', '2']);
  });

  it('is dropped where its reader is too slow, and others go on', async () => {
    const refused: string[] = [];
    const { port } = await brokerOf({
      bounds: { outgoingBytesMax: 256 * 1024 },
      metrics: { ...counting(), refused: (code) => refused.push(code) },
    });
    const topic = '/topic/c.x.agent';
    const slow = await as(port, 'node:a');
    await slow.sync('SUBSCRIBE', { id: '0', destination: topic });
    slow.socket.pause();
    const client = await as(port, 'client:rip');
    for (let n = 0; n < 1000 && refused.length === 0; n++) {
      await client.sync('SEND', { destination: topic }, 'x'.repeat(100_000));
    }
    expect(refused).toEqual(['broker_too_busy']);
    slow.socket.resume();
    await slow.closed;
  });

  it('that reads a queue slowly is not dropped: the queue waits', async () => {
    const { port } = await brokerOf({ bounds: { outgoingHighBytes: 100_000, queueBytesMax: 100_000_000 } });
    const destination = '/queue/c.reply.rip_1.1';
    const slow = await as(port, 'client:rip');
    await slow.sync('SUBSCRIBE', { id: '0', destination });
    slow.socket.pause();
    const node = await as(port, 'node:a');
    for (let n = 0; n < 300; n++) await node.sync('SEND', { destination, n: String(n) }, 'x'.repeat(100_000));
    slow.socket.resume();
    await slow.until(() => slow.frames.length === 300);
    expect(slow.frames.map((frame) => frame.headers.n)).toEqual(Array.from({ length: 300 }, (_, n) => String(n)));
  });
});

describe('the broker', () => {
  it('turns away more connections than it may have, from one address too', async () => {
    for (const bounds of [{ connectionsMax: 2 }, { connectionsPerAddressMax: 2 }]) {
      const closings = [gate<void>(), gate<void>()];
      let closed = 0;
      const connectionClosed = () => closings[closed++]?.open();
      const { port } = await brokerOf({ bounds, metrics: { ...counting(), connectionClosed } });
      await as(port, 'node:a');
      const second = await as(port, 'node:b');
      const third = RawClient.open(port);
      expect((await third.next('ERROR')).headers.code).toBe('broker_too_busy');
      await third.closed;
      second.send('DISCONNECT', {});
      await closings[0]?.passed;
      await as(port, 'node:c');
    }
  });

  it('waits at its end for consumers, whose receipts still go out', async () => {
    const { broker, port } = await brokerOf();
    const taken = gate<undefined>();
    const came = gate<undefined>();
    broker.consume(REGISTRATIONS, () => {
      came.open(undefined);
      return taken.passed;
    });
    const client = await as(port, 'node:a');
    client.send('SEND', { destination: REGISTRATIONS, receipt: '1' });
    await came.passed;
    const closing = broker.close();
    taken.open(undefined);
    await closing;
    await client.closed;
    expect(client.frames.map((frame) => frame.headers['receipt-id'])).toEqual(['1']);
  });

  it('names the address that is taken', async () => {
    const { port } = await brokerOf();
    const second = createBroker({ host: '127.0.0.1', port, logger: silentLogger() });
    await expect(second.listen()).rejects.toMatchObject({ code: 'address_in_use' });
    await second.close();
  });

  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'broker.acme.net']) {
    it(`does not serve ${host} without TLS and users`, () => {
      expect(() => createBroker({ host, port: 0, logger: silentLogger() })).toThrow(
        expect.objectContaining({ code: 'config_invalid', field: 'broker.embedded' }),
      );
    });
  }
});

function counting() {
  const nothing = () => {};
  return {
    connectionOpened: nothing,
    connectionClosed: nothing,
    frameReceived: nothing,
    frameSent: nothing,
    refused: nothing as (code: ErrorCode) => void,
    dropped: nothing as (reason: string) => void,
  };
}
