import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../core/index.ts';
import { type Broker, createBroker, encodeFrame } from '../../../wire/index.ts';
import { createRandom } from '../../random.ts';
import { RawClient } from './raw-client.ts';

const REGISTRATIONS = '/queue/mcollective.registration';

describe('the broker', () => {
  let broker: Broker;
  let port: number;
  let taken = 0;
  beforeAll(async () => {
    broker = createBroker({
      host: '127.0.0.1',
      port: 0,
      logger: silentLogger(),
      authenticate: async ({ login }) => ({ kind: login === 'registry' ? 'registry' : 'client', name: 'x' }),
    });
    broker.consume(REGISTRATIONS, async () => {
      taken += 1;
      return undefined;
    });
    port = (await broker.listen()).port;
  });
  afterAll(() => broker.close());

  it('stands whatever frames come in whatever order, mangled or not, and serves the next', async () => {
    const seed = Number(process.env.MUSTER_TEST_SEED ?? Date.now() % 1_000_000);
    console.info(`seed ${seed}`);
    const { below: random, pick } = createRandom(seed);
    const commands = ['SEND', 'SUBSCRIBE', 'UNSUBSCRIBE', 'ACK', 'NACK', 'BEGIN', 'DISCONNECT', 'CONNECT', 'MESSAGE'];
    const names = [
      'destination',
      'id',
      'receipt',
      'ack',
      'selector',
      'message-id',
      'expires',
      'heart-beat',
      '__proto__',
    ];
    const values = [
      REGISTRATIONS,
      '/queue/c.reply.x_1.1',
      '/topic/c.x.agent',
      '/topic/c.registration.agent',
      'client',
      'm1',
      '0',
      '-1',
      "a = 'b'",
      'a = ',
      '',
      'x:\n\\',
    ];
    for (let round = 0; round < 150; round++) {
      const client = RawClient.open(port, '1.2');
      client.send('CONNECT', {
        'accept-version': pick(['1.0', '1.1', '1.2', '1.2', '7']),
        login: pick(['registry', '']),
      });
      for (let n = random(12); n > 0; n--) {
        const headers: Record<string, string> = {};
        for (let h = random(6); h > 0; h--) headers[pick(names)] = pick(values);
        // Escaped as in SEND whatever the command: CONNECT cannot say a line break.
        const asSend = encodeFrame('SEND', headers, Buffer.alloc(random(100), random(256)));
        const frame = Buffer.concat([Buffer.from(pick(commands)), asSend.subarray(4)]);
        if (random(4) === 0) frame[random(frame.length)] = random(256);
        client.socket.write(random(8) === 0 ? frame.subarray(0, random(frame.length)) : frame);
      }
      if (random(2) === 0) client.end();
      else client.socket.end();
      await client.closed;
    }
    const good = await RawClient.connected(port);
    const before = taken;
    await good.sync('SEND', { destination: REGISTRATIONS }, 'x');
    expect(taken).toBe(before + 1);
    good.end();
  });

  it('gives each of 20,000 messages of 5 kB from one connection its receipt, in order', async () => {
    const count = 20_000;
    const client = await RawClient.connected(port);
    const body = Buffer.alloc(5000, 'x');
    for (let n = 0; n < count; n++) {
      client.send('SEND', { destination: REGISTRATIONS, receipt: String(n) }, body);
      if (client.socket.writableLength > 1_000_000)
        await new Promise((resolve) => client.socket.once('drain', resolve));
    }
    await client.until(() => client.frames.length === count);
    expect(client.frames.map((frame) => frame.headers['receipt-id'])).toEqual(
      Array.from({ length: count }, (_, n) => String(n)),
    );
    client.end();
  });
});
