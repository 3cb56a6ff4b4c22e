import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../core/index.ts';
import {
  type Authenticate,
  type Broker,
  type BrokerLink,
  type BrokerLinkOptions,
  type BrokerOptions,
  backOffMs,
  createBroker,
  createBrokerLink,
  type Delivery,
  encodeFrame,
  FrameParser,
  frameBounds,
  generateSigningKey,
  type Login,
  nodeLogin,
  type Principal,
  verifyNodeLogin,
} from '../../../wire/index.ts';

const REGISTRATIONS = '/queue/mcollective.registration';
const QUICK = { firstMs: 10, mostMs: 50 };
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const believeAll: Authenticate = ({ login }) => {
  const [kind, name = ''] = login?.split(':') ?? [];
  if (kind === 'node') return Promise.resolve<Principal>({ kind, identity: name });
  return Promise.resolve<Principal>(kind === 'client' ? { kind, name } : { kind: 'anonymous' });
};

async function brokerOf(options: Partial<BrokerOptions> = {}): Promise<{ broker: Broker; port: number }> {
  const broker = createBroker({
    host: '127.0.0.1',
    port: 0,
    authenticate: believeAll,
    logger: silentLogger(),
    bounds: { closeMs: 1000 },
    ...options,
  });
  cleanups.push(() => broker.close());
  return { broker, port: (await broker.listen()).port };
}

function linkTo(port: number, options: Partial<BrokerLinkOptions> = {}): BrokerLink {
  const link = createBrokerLink({
    hosts: [{ host: '127.0.0.1', port }],
    logger: silentLogger(),
    backOff: QUICK,
    ...options,
  });
  cleanups.push(() => link.stop());
  return link;
}

function stateOf(link: BrokerLink, wanted: boolean): Promise<string | undefined> {
  if (link.connected === wanted) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const off = link.onState((connected, reason) => {
      if (connected !== wanted) return;
      off();
      resolve(reason);
    });
  });
}

async function upTo(port: number, options: Partial<BrokerLinkOptions> = {}): Promise<BrokerLink> {
  const link = linkTo(port, options);
  link.start();
  await stateOf(link, true);
  return link;
}

/** Deliveries of a subscription, waited for one by one. */
function inbox() {
  const waiting: Delivery[] = [];
  let wake: (() => void) | undefined;
  return {
    onDelivery: (delivery: Delivery) => {
      waiting.push(delivery);
      wake?.();
    },
    async next(): Promise<Delivery> {
      while (waiting.length === 0) await new Promise<void>((done) => (wake = done));
      return waiting.shift() as Delivery;
    },
  };
}

describe('a link to the embedded broker', () => {
  it('sends binary bodies and resolves with the headers of the RECEIPT', async () => {
    const { broker, port } = await brokerOf();
    const body = Uint8Array.from({ length: 3000 }, (_, i) => i % 256);
    broker.consume(REGISTRATIONS, async (message) => {
      expect(Buffer.from(message.body).equals(Buffer.from(body))).toBe(true);
      return { refused: 'sender_unknown', odd: `${message.headers.odd}:\n` };
    });
    const link = await upTo(port);
    expect(await link.send(REGISTRATIONS, body, { odd: 'a:b' })).toEqual({ refused: 'sender_unknown', odd: 'a:b:\n' });
  });

  it('sends 1 MiB, and refuses what no broker of ours would take', async () => {
    const { broker, port } = await brokerOf();
    broker.consume(REGISTRATIONS, async () => undefined);
    const link = await upTo(port);
    await link.send(REGISTRATIONS, Buffer.alloc(1024 * 1024));
    await expect(link.send(REGISTRATIONS, Buffer.alloc(2 * 1024 * 1024))).rejects.toMatchObject({
      code: 'message_too_large',
    });
    expect(link.connected).toBe(true);
  });

  it('hears of a frame that is too large for its broker as broken, by name', async () => {
    const { port } = await brokerOf({ bounds: { frame: { ...frameBounds, bodyBytesMax: 1000 } } });
    const link = await upTo(port);
    const lost = stateOf(link, false);
    await expect(link.send(REGISTRATIONS, Buffer.alloc(2000))).rejects.toMatchObject({ code: 'broker_unreachable' });
    expect(await lost).toMatch(/frame_too_large/);
    await stateOf(link, true);
  });

  it('delivers, acknowledges and gives back', async () => {
    const { port } = await brokerOf();
    const destination = '/queue/mcollective.reply.rip_1.1';
    const client = await upTo(port, { login: 'client:rip' });
    const box = inbox();
    client.subscribe(destination, box.onDelivery, { ack: 'client-individual', headers: { 'prefetch-count': '1' } });
    const node = await upTo(port, { login: 'node:a' });
    const body = Buffer.from([0, 255, 10, 0, 13]);
    await node.send(destination, body, { mc_sender: 'a' });
    await node.send(destination, Buffer.from('second'));
    const first = await box.next();
    expect(Buffer.from(first.body).equals(body)).toBe(true);
    expect([first.destination, first.headers.mc_sender]).toEqual([destination, 'a']);
    first.nack();
    const again = await box.next();
    expect(again.headers.redelivered).toBe('true');
    again.ack();
    expect(Buffer.from((await box.next()).body).toString()).toBe('second');
  });

  it('subscribes again after the broker came back, and rejects what was pending', async () => {
    const { broker, port } = await brokerOf();
    broker.consume(REGISTRATIONS, () => new Promise(() => {}));
    const node = await upTo(port, { login: 'node:a' });
    const box = inbox();
    const stopReading = node.subscribe('/topic/c.x.agent', box.onDelivery);
    const gone = inbox();
    node.subscribe('/queue/c.nodes', gone.onDelivery, { selector: "mc_identity = 'a'" })();
    const pending = node.send(REGISTRATIONS, Buffer.from('x'));
    const lost = stateOf(node, false);
    await Promise.all([expect(pending).rejects.toMatchObject({ code: 'broker_unreachable' }), broker.close(), lost]);
    await expect(node.send(REGISTRATIONS, Buffer.from('x'))).rejects.toMatchObject({ code: 'broker_unreachable' });
    const second = await brokerOf({ port });
    await stateOf(node, true);
    const client = await upTo(second.port, { login: 'client:rip' });
    await client.send('/topic/c.x.agent', Buffer.from('hello'));
    expect(Buffer.from((await box.next()).body).toString()).toBe('hello');
    stopReading();
  });

  it('rejects a send whose RECEIPT does not come in time', async () => {
    const { broker, port } = await brokerOf();
    broker.consume(REGISTRATIONS, async () => {
      throw new Error('no disk');
    });
    const link = await upTo(port, { receiptTimeoutMs: 50 });
    await expect(link.send(REGISTRATIONS, Buffer.from('x'))).rejects.toMatchObject({ code: 'broker_unreachable' });
    expect(link.connected).toBe(true);
  });

  it('goes on to the next host of the list', async () => {
    const { port } = await brokerOf();
    const closed = await brokerOf();
    await closed.broker.close();
    const link = linkTo(0, {
      hosts: [
        { host: '127.0.0.1', port: closed.port },
        { host: '127.0.0.1', port },
      ],
    });
    link.start();
    await stateOf(link, true);
  });

  it('says why the broker refused it', async () => {
    const { port } = await brokerOf();
    const link = await upTo(port, { login: 'node:a' });
    const lost = stateOf(link, false);
    link.subscribe(REGISTRATIONS, () => {});
    expect(await lost).toMatch(/^broker_refused: .*may not subscribe/);
  });

  it('refuses headers that would be lines of their own, before they are sent', async () => {
    const { port } = await brokerOf();
    const link = await upTo(port);
    for (const headers of [{ a: 'x\nreceipt:1' }, { 'a\n': 'x' }, { a: '\0' }, { 'a:b': 'x' }]) {
      await expect(link.send(REGISTRATIONS, Buffer.from('x'), headers)).rejects.toMatchObject({
        code: 'frame_malformed',
      });
    }
    expect(link.connected).toBe(true);
  });

  it('stops while it waits, while it connects and while it is connected, and never starts again', async () => {
    const { port } = await brokerOf();
    const up = await upTo(port);
    const pending = up.send('/queue/c.reply.x_1', Buffer.from('x')).catch((error: unknown) => error);
    await up.stop();
    expect(up.connected).toBe(false);
    await pending;
    const connecting = linkTo(port);
    connecting.start();
    await connecting.stop();
    const waiting = linkTo(1);
    waiting.start();
    await waiting.stop();
    await linkTo(port).stop();
  });
});

describe('a link to another broker', () => {
  async function scripted(
    onConnection: (socket: Socket, command: (name: string) => Promise<Record<string, string>>) => void,
  ) {
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      const came: { command: string; headers: Record<string, string> }[] = [];
      let wake: (() => void) | undefined;
      const parser = new FrameParser({
        onFrame: ({ command, headers }) => {
          came.push({ command, headers: { ...headers } });
          wake?.();
        },
      });
      socket.on('data', (chunk: Buffer) => parser.push(chunk));
      onConnection(socket, async (name) => {
        for (;;) {
          const at = came.findIndex((one) => one.command === name);
          if (at !== -1) return came.splice(at, 1)[0]?.headers ?? {};
          await new Promise<void>((done) => (wake = done));
        }
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    cleanups.push(() => {
      for (const socket of sockets) socket.destroy();
      return new Promise((done) => server.close(done));
    });
    return (server.address() as { port: number }).port;
  }

  it('speaks 1.0 where that is all there is, and offers never 1.1', async () => {
    const offered: string[] = [];
    const port = await scripted(async (socket, command) => {
      offered.push((await command('CONNECT'))['accept-version'] ?? '');
      socket.write(encodeFrame('CONNECTED', { session: 's' }, undefined, '1.0'));
      const { receipt, destination } = await command('SEND');
      socket.write(
        encodeFrame('RECEIPT', { 'receipt-id': receipt ?? '', destination: destination ?? '' }, undefined, '1.0'),
      );
    });
    const link = await upTo(port);
    expect(await link.send('/queue/x', Buffer.from([0]))).toEqual({ destination: '/queue/x' });
    expect(offered).toEqual(['1.2,1.0']);
  });

  it('is cut off where a frame is over our bounds or is none', async () => {
    for (const nonsense of [
      'MESSAGE\ncontent-length:99999999\n\n',
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      'x'.repeat(100),
    ]) {
      const port = await scripted(async (socket, command) => {
        await command('CONNECT');
        socket.write(encodeFrame('CONNECTED', { version: '1.2' }));
        await command('SUBSCRIBE');
        socket.write(nonsense);
      });
      const link = linkTo(port);
      link.subscribe('/topic/x', () => {});
      const lost = new Promise<string | undefined>((resolve) => {
        link.onState((connected, reason) => !connected && resolve(reason));
      });
      link.start();
      expect(await lost).toMatch(/^frame_(malformed|too_large)/);
      await link.stop();
    }
  });

  it('does not wait for ever for CONNECTED', async () => {
    let connections = 0;
    let second!: () => void;
    const cameAgain = new Promise<void>((done) => (second = done));
    const port = await scripted(() => {
      connections += 1;
      if (connections === 2) second();
    });
    linkTo(port, { connectTimeoutMs: 50 }).start();
    await cameAgain;
  });
});

describe('a node’s login', () => {
  const key = generateSigningKey();
  const clock = { now: 1_790_000_000_000, nowMs: () => clock.now };
  const loginOf = (changes: Partial<Login> = {}): Login => {
    const { login, passcode, headers } = nodeLogin('db1.acme.net', key, clock);
    return { login, passcode: passcode(), headers, remoteAddress: '192.0.2.1', ...changes };
  };
  const bound = (publicKey: string | undefined) => () => Promise.resolve(publicKey);

  it('proves the node whose key is bound to the identity', async () => {
    expect(await verifyNodeLogin(loginOf(), bound(key.publicKey), clock)).toEqual({
      kind: 'node',
      identity: 'db1.acme.net',
    });
  });

  it('proves nobody where no key is bound yet: enough to enrol', async () => {
    expect(await verifyNodeLogin(loginOf(), bound(undefined), clock)).toEqual({ kind: 'anonymous' });
  });

  const other = generateSigningKey();
  const rows: readonly (readonly [string, () => Login, string])[] = [
    ['another key is bound', () => loginOf(), other.publicKey],
    ['it names another node', () => loginOf({ login: 'node:db2.acme.net' }), key.publicKey],
    ['it names no node', () => loginOf({ login: 'node:a b' }), key.publicKey],
    ['it shows another key', () => loginOf({ headers: { 'muster-key': other.publicKey } }), other.publicKey],
    ['it shows no key', () => loginOf({ headers: {} }), key.publicKey],
    ['the passcode is missing', () => loginOf({ passcode: undefined }), key.publicKey],
    ['the passcode is altered', () => loginOf({ passcode: loginOf().passcode?.replace(/^1/, '2') }), key.publicKey],
    [
      'its time was changed',
      () => loginOf({ passcode: `1790000001.${loginOf().passcode?.split('.')[1]}` }),
      key.publicKey,
    ],
  ];
  for (const [what, login, boundKey] of rows) {
    it(`is refused where ${what}`, async () => {
      await expect(verifyNodeLogin(login(), bound(boundKey), clock)).rejects.toMatchObject({ code: 'broker_refused' });
    });
  }

  it('is refused when it is older than a minute or dated ahead', async () => {
    const made = loginOf();
    for (const [later, accepted] of [
      [60_000, true],
      [61_000, false],
      [-61_000, false],
    ] as const) {
      const at = { nowMs: () => clock.now + later };
      const verdict = verifyNodeLogin(made, bound(key.publicKey), at).then(
        () => true,
        () => false,
      );
      expect(await verdict).toBe(accepted);
    }
  });

  it('works over the wire, made anew for each connection', async () => {
    let refuse!: (code: string) => void;
    const refused = new Promise<string>((done) => (refuse = done));
    const nothing = () => {};
    const { broker, port } = await brokerOf({
      authenticate: undefined,
      boundKeyOf: bound(key.publicKey),
      metrics: {
        connectionOpened: nothing,
        connectionClosed: nothing,
        frameReceived: nothing,
        frameSent: nothing,
        dropped: nothing,
        refused: refuse,
      },
    });
    const principals: Principal[] = [];
    broker.consume(REGISTRATIONS, async ({ principal }) => {
      principals.push(principal);
      return undefined;
    });
    const link = await upTo(port, nodeLogin('db1.acme.net', key));
    await link.send(REGISTRATIONS, Buffer.from('x'));
    expect(principals).toEqual([{ kind: 'node', identity: 'db1.acme.net' }]);
    const stranger = linkTo(port, nodeLogin('db1.acme.net', other));
    stranger.start();
    expect(await refused).toBe('broker_refused');
    expect(stranger.connected).toBe(false);
  });
});

describe('the wait between attempts', () => {
  it('doubles to its most, half of it by chance', () => {
    const rule = { firstMs: 100, mostMs: 1000 };
    expect([0, 1, 2, 3, 4, 500].map((round) => backOffMs(round, rule, () => 1))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ]);
    expect(backOffMs(2, rule, () => 0)).toBe(200);
  });
});
