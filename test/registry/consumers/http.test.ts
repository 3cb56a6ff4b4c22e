import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NodeStore, StoreError } from '../../../registry/index.ts';
import { identity, nested, type RegistryUnderTest, registryForTest } from '../registry-for-test.ts';
import { workerFile } from '../worker-file.ts';
import { ADMIN_TOKEN, ask, begin, NDJSON, type ServerUnderTest, serve } from './http-for-test.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes in use, garbage not counted. */
function inUse(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

let test: RegistryUnderTest;
let server: ServerUnderTest;
let storeFault: Error | undefined;
let applyGate: Promise<void> | undefined;

beforeAll(async () => {
  const wrap = (store: NodeStore) =>
    new Proxy(store, {
      get(target, key) {
        if (key === 'apply') {
          return async (changes: Parameters<NodeStore['apply']>[0]) => {
            await applyGate;
            if (storeFault !== undefined) throw storeFault;
            return target.apply(changes);
          };
        }
        const value = Reflect.get(target, key, target) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  test = await registryForTest({ workerFile: workerFile(), wrap });
  server = await serve(test, test.registry);
});
afterAll(async () => {
  await server.app.close();
  await test.dispose();
});

const post = (body: unknown, headers: Record<string, string> = {}) =>
  ask(server, 'POST', '/v1/registrations', body, headers);
const one = (name: string, facts: unknown = {}) => JSON.stringify({ identity: name, facts });
const stored = async (name: string) => (await test.store.read([identity(name)]))[0];

describe('POST /v1/registrations', () => {
  it('takes one registration', async () => {
    const answer = await post(one('one.acme.net', { n: 1 }));
    expect(answer).toMatchObject({
      status: 200,
      body: { received: 1, inserted: 1, refused: 0, refusals: [], position: expect.any(String) },
    });
    expect(await stored('one.acme.net')).toMatchObject({
      facts: { n: 1 },
      source: { via: 'http', callerid: 'token=admin', proof: 'token', serializer: 'json' },
    });
  });

  it('answers one that is refused by its own status', async () => {
    const answer = await post(one('deep.acme.net', nested(40)));
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'registration_too_deep', field: 'facts.a', received: 1, refused: 1 },
    });
  });

  it('takes an array, and names the element that is refused', async () => {
    const body = `[${one('arr1.acme.net')},{"identity":"arr2.acme.net"},{"identity":x}, ${one('arr4.acme.net')}]`;
    const answer = await post(body);
    expect(answer).toMatchObject({
      status: 422,
      body: {
        code: 'batch_refused',
        received: 4,
        inserted: 2,
        refused: 2,
        refusals: [
          {
            line: 2,
            code: 'registration_invalid',
            field: 'facts',
            identity: 'arr2.acme.net',
            deadLetter: expect.any(String),
          },
          { line: 3, code: 'message_malformed' },
        ],
      },
    });
    expect(await stored('arr4.acme.net')).toBeDefined();
  });

  it('takes a stream of lines, and the good ones between bad ones', async () => {
    const lines = [
      one('l1.acme.net'),
      '{"identity":"l2.acme.net","facts":{',
      '',
      one('l4.acme.net', { x: 'y'.repeat(2_000_000) }),
      Buffer.concat([Buffer.from('{"identity":"l5.acme.net","facts":{"x":"'), Buffer.from([0xff]), Buffer.from('"}}')]),
      one('l6.acme.net', Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, i]))),
      one('l7.acme.net', { uptime: 1 }),
      one('l7.acme.net', { uptime: 2 }),
    ];
    const answer = await post(Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from('\n')])), NDJSON);
    expect(answer).toMatchObject({ status: 422, body: { received: 7, inserted: 2, unchanged: 1, refused: 4 } });
    expect(answer.body.refusals.map((refusal: { line: number; code: string }) => [refusal.line, refusal.code])).toEqual(
      [
        [2, 'message_truncated'],
        [4, 'message_too_large'],
        [5, 'message_not_utf8'],
        [6, 'registration_too_many_leaves'],
      ],
    );
    expect(await stored('l7.acme.net')).toMatchObject({ facts: { uptime: 2 } });
    const large = answer.body.refusals[1].deadLetter;
    expect(await test.registry.deadLetters.get(large)).toMatchObject({ cut: true, origin: { line: 4 } });
    await expect(test.registry.replay(large)).rejects.toMatchObject({ code: 'message_truncated' });
  });

  it('takes the same lines cut at every byte', async () => {
    const text = Buffer.from(`${one('cut1.acme.net', { x: 'é' })}\n${one('cut2.acme.net')}`);
    for (let at = 1; at < text.length; at += 1) {
      const { sent, answer } = begin(server, {
        method: 'POST',
        path: '/v1/registrations',
        headers: { ...NDJSON, authorization: `Bearer ${ADMIN_TOKEN}` },
      });
      sent.setNoDelay(true);
      sent.write(text.subarray(0, at));
      await new Promise(setImmediate);
      sent.end(text.subarray(at));
      expect(await answer, `cut at ${at}`).toMatchObject({ status: 200, body: { received: 2, refused: 0 } });
    }
  });

  it('takes gzip, and bounds what a small packet unpacks to', async () => {
    const gzip = { 'content-encoding': 'gzip' };
    expect(await post(gzipSync(one('gz.acme.net')), gzip)).toMatchObject({ status: 200, body: { inserted: 1 } });
    const bomb = gzipSync(Buffer.concat([Buffer.alloc(30_000_000, 0x20), Buffer.from(`\n${one('after.acme.net')}`)]));
    expect(bomb.length).toBeLessThan(100_000);
    expect(await post(bomb, { ...NDJSON, ...gzip })).toMatchObject({
      status: 422,
      body: { received: 2, inserted: 1, refusals: [{ line: 1, code: 'message_too_large', value: 30_000_000 }] },
    });
    const endless = gzipSync(Buffer.alloc(100_000_000, 0x20));
    expect(await post(endless, { ...NDJSON, ...gzip })).toMatchObject({
      status: 413,
      body: { code: 'message_too_large' },
    });
  });

  it('refuses what is no gzip, gzip cut short, and other packings', async () => {
    const gzip = { ...NDJSON, 'content-encoding': 'gzip' };
    expect(await post('{"identity":"x"}', gzip)).toMatchObject({ status: 400, body: { code: 'message_malformed' } });
    const packed = gzipSync(`${one('gz2.acme.net')}\n${one('gz3.acme.net')}\n`);
    expect(await post(packed.subarray(0, -12), gzip)).toMatchObject({
      status: 400,
      body: { code: 'message_truncated' },
    });
    expect(await post('x', { ...NDJSON, 'content-encoding': 'br' })).toMatchObject({
      status: 415,
      body: { code: 'content_type_refused', field: 'content-encoding' },
    });
  });

  it('refuses other types of content, and a body that holds nothing', async () => {
    expect(await post('x', { 'content-type': 'text/plain' })).toMatchObject({
      status: 415,
      body: { code: 'content_type_refused' },
    });
    for (const headers of [NDJSON, {}]) {
      expect(await post(' \n ', headers)).toMatchObject({ status: 400, body: { code: 'message_malformed' } });
    }
  });

  it('takes a write of nobody without a token, and of a token only what it may write', async () => {
    expect(await post(one('x'), { authorization: '' })).toMatchObject({ status: 401, body: { code: 'token_missing' } });
    const { token } = await server.tokens.add({ name: 'web', role: 'register', identityPattern: 'web*.acme.net' });
    const { token: reader } = await server.tokens.add({ name: 'reader', role: 'read' });
    const as = (bearer: string) => ({ authorization: `Bearer ${bearer}` });
    expect(await post(one('web1.acme.net'), as(reader))).toMatchObject({
      status: 403,
      body: { code: 'token_forbidden' },
    });
    expect(await post(one('WEB1.acme.net'), as(token))).toMatchObject({ status: 200 });
    expect(await stored('web1.acme.net')).toMatchObject({ source: { callerid: 'token=web', proof: 'token' } });
    expect(await post(`${one('web2.acme.net')}\n${one('db2.acme.net')}`, { ...NDJSON, ...as(token) })).toMatchObject({
      status: 422,
      body: { inserted: 1, refusals: [{ line: 2, code: 'not_for_this_token', identity: 'db2.acme.net' }] },
    });
  });
});

describe('a long stream', () => {
  const LINES = 100_000;

  it('of 100,000 lines is taken whole in flat memory', async () => {
    const { sent, answer } = begin(server, {
      method: 'POST',
      path: '/v1/registrations',
      headers: { ...NDJSON, authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    const held: number[] = [];
    const filler = 'z'.repeat(300);
    for (let at = 0; at < LINES; ) {
      let block = '';
      for (const end = Math.min(at + 500, LINES); at < end; at++) {
        block += `${one(`s${at % 100}.acme.net`, { uptime: at, filler })}\n`;
      }
      if (!sent.write(block)) await new Promise((resolve) => sent.once('drain', resolve));
      if (at % 10_000 === 0) held.push(inUse());
    }
    sent.end();
    expect(await answer).toMatchObject({ status: 200, body: { received: LINES, refused: 0 } });
    // 36 MB went through; what is held of it is bounded by the window, not by the stream.
    expect(Math.max(...held.slice(1)) - (held[0] as number)).toBeLessThan(15_000_000);
  }, 60_000);

  it('is not read on while the store stands still', async () => {
    let open: () => void = () => {};
    applyGate = new Promise((resolve) => {
      open = resolve;
    });
    const { sent, answer } = begin(server, {
      method: 'POST',
      path: '/v1/registrations',
      headers: { ...NDJSON, authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    const line = `${one('held.acme.net', { ballast: 'x'.repeat(20_000) })}\n`;
    let written = 0;
    // Writes as long as the other side reads; a second of silence is the end of that.
    for (let stuck = false; !stuck; ) {
      if (sent.write(line)) written += 1;
      else {
        written += 1;
        const drained = new Promise<boolean>((resolve) => sent.once('drain', () => resolve(false)));
        stuck = await Promise.race([drained, delay(1000, true)]);
      }
    }
    expect(written * line.length).toBeLessThan(40_000_000);
    open();
    applyGate = undefined;
    sent.end();
    expect(await answer).toMatchObject({ status: 200, body: { received: written, refused: 0 } });
  }, 30_000);

  it('that the store fails under says how far it came, and the sender reads the answer', async () => {
    storeFault = new StoreError('store_full', 'The disk is full');
    const lines = Array.from({ length: 5000 }, (_, i) => one(`full${i}.acme.net`, { ballast: 'x'.repeat(1000) })).join(
      '\n',
    );
    const answer = await post(lines, NDJSON);
    storeFault = undefined;
    expect(answer).toMatchObject({
      status: 507,
      body: { code: 'store_full', inserted: 0, received: expect.any(Number) },
    });
    expect(answer.body.received).toBeLessThan(5000);
    expect(await post(one('room.acme.net'))).toMatchObject({ status: 200 });
  });

  it('that breaks off leaves what came whole, and the service goes on', async () => {
    const { sent, answer } = begin(server, {
      method: 'POST',
      path: '/v1/registrations',
      headers: { ...NDJSON, authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    sent.write(`${one('whole.acme.net')}\n{"identity":"half.acme.net"`);
    while ((await stored('whole.acme.net')) === undefined) await delay(10);
    sent.destroy();
    await expect(answer).rejects.toThrow();
    expect(await post(one('next.acme.net'))).toMatchObject({ status: 200 });
    expect(await stored('half.acme.net')).toBeUndefined();
  });

  it('of a client that writes a byte now and then holds nobody up', async () => {
    const text = Buffer.from(`${one('slow.acme.net')}\n`);
    const slow = Array.from({ length: 20 }, () =>
      begin(server, {
        method: 'POST',
        path: '/v1/registrations',
        headers: { ...NDJSON, authorization: `Bearer ${ADMIN_TOKEN}` },
      }),
    );
    for (const byte of text) {
      for (const { sent } of slow) sent.write(Uint8Array.of(byte));
      await new Promise(setImmediate);
    }
    expect(await post(one('quick.acme.net'))).toMatchObject({ status: 200 });
    for (const { sent } of slow) sent.end();
    const answers = await Promise.all(slow.map(({ answer }) => answer));
    expect(answers.every((answer) => answer.status === 200)).toBe(true);
  });
});
