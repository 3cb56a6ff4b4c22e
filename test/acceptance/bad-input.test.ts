import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../core/index.ts';
import { createBrokerLink, generateSigningKey, type Message, type SigningKey, sealMessage } from '../../wire/index.ts';
import { Installed } from './installed.ts';
import { QUEUE, registrationMessage } from './registration-message.ts';

/*
 * Everything the world may throw at one server, one after the other, while a good node keeps registering and a good
 * query keeps being answered. Each is refused by name; nothing else notices.
 */

let muster: Installed;
let link: ReturnType<typeof createBrokerLink>;
let goodRound = 0;
const goodKey = generateSigningKey();
let sequence = 0;

type Body = Record<string, unknown>;

async function refusalOf(body: Uint8Array): Promise<string | undefined> {
  return (await link.send(QUEUE, body)).refused;
}

const sealed = (
  identity: string,
  body: Body,
  changes: Partial<Message> = {},
  key: SigningKey = generateSigningKey(),
) => {
  sequence += 1;
  return sealMessage(registrationMessage(identity, sequence, body, changes), key);
};

beforeAll(async () => {
  muster = await Installed.start();
  link = createBrokerLink({
    hosts: [{ host: '127.0.0.1', port: muster.stompPort }],
    logger: silentLogger(),
    receiptTimeoutMs: 10_000,
  });
  const up = new Promise<void>((done) => {
    link.onState((connected) => connected && done());
  });
  link.start();
  await up;
}, 60_000);

afterAll(async () => {
  await link?.stop();
  await muster?.remove();
});

/** A good node registers, and is seen by a good query with what it said last. */
async function restGoesOn(): Promise<void> {
  goodRound += 1;
  expect(await refusalOf(sealed('good.acme.net', { facts: { round: goodRound } }, {}, goodKey))).toBeUndefined();
  const asked = await muster.get(`/v1/nodes?query=${encodeURIComponent(JSON.stringify({ 'facts.round': goodRound }))}`);
  expect(JSON.parse(asked.body).nodes.map((one: { identity: string }) => one.identity)).toEqual(['good.acme.net']);
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = { a: value };
  return value;
}

describe('a registration over STOMP', () => {
  const now = () => Math.floor(Date.now() / 1000);
  const flipped = (bytes: Uint8Array, at: number) => {
    const copy = Uint8Array.from(bytes);
    copy[at] = (copy[at] as number) ^ 1;
    return copy;
  };
  const rows: [string, () => Uint8Array, string][] = [
    ['cut short', () => sealed('a.acme.net', {}).subarray(0, 120), 'message_truncated'],
    ['that is no message at all', () => Buffer.from('hello\nworld'), 'message_malformed'],
    [
      'with one bit of its body flipped',
      () => {
        const m = sealed('b.acme.net', { facts: { x: 'aaaa' } });
        return flipped(m, m.length - 20);
      },
      'signature_invalid',
    ],
    ['too old', () => sealed('c.acme.net', {}, { msgtime: now() - 5000, ttl: 600 }), 'message_expired'],
    ['from the future', () => sealed('d.acme.net', {}, { msgtime: now() + 5000 }), 'message_from_future'],
    ['of 40 levels', () => sealed('e.acme.net', { facts: { deep: nested(40) } }), 'registration_too_deep'],
    [
      'of 50,000 keys',
      () => sealed('f.acme.net', { facts: Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, i])) }),
      'registration_too_many_leaves',
    ],
    ['with a name that is none', () => sealed('g.acme.net', { identity: 'a b' }), 'identity_invalid'],
    ['whose facts are a list', () => sealed('h.acme.net', { facts: [] }), 'registration_invalid'],
    [
      'for another destination',
      () => sealed('i.acme.net', {}, { target: '/queue/other.registration' }),
      'message_malformed',
    ],
    ['that speaks for another node', () => sealed('j.acme.net', { identity: 'k.acme.net' }), 'message_malformed'],
  ];

  it.each(rows)('%s is refused by name, and the rest goes on', async (_, make, code) => {
    expect(await refusalOf(make())).toBe(code);
    await restGoesOn();
  });

  it('replayed is refused when older, and acknowledged when it is the same', async () => {
    const key = generateSigningKey();
    const first = sealed('replay.acme.net', { facts: { n: 1 } }, {}, key);
    const second = sealed('replay.acme.net', { facts: { n: 2 } }, {}, key);
    expect(await refusalOf(first)).toBeUndefined();
    expect(await refusalOf(second)).toBeUndefined();
    expect(await refusalOf(second)).toBeUndefined();
    expect(await refusalOf(first)).toBe('message_replayed');
    expect(JSON.parse((await muster.get('/v1/nodes/replay.acme.net')).body)).toMatchObject({ facts: { n: 2 } });
    await restGoesOn();
  });

  it('of an identity that another key owns is refused', async () => {
    expect(await refusalOf(sealed('owned.acme.net', { facts: { n: 1 } }))).toBeUndefined();
    expect(await refusalOf(sealed('OWNED.acme.net', { facts: { n: 2 } }))).toBe('identity_owned');
    await restGoesOn();
  });

  it('with odd but lawful keys and texts is kept as it was sent', async () => {
    const facts = JSON.parse(
      '{"__proto__":{"polluted":true},"$where":"x","a.b":{"c.d":1},"nul":"a\\u0000b","constructor":"y"}',
    );
    expect(await refusalOf(sealed('odd.acme.net', { facts }))).toBeUndefined();
    const kept = JSON.parse((await muster.get('/v1/nodes/odd.acme.net')).body);
    expect(JSON.stringify(sortedKeys(kept.facts))).toBe(JSON.stringify(sortedKeys(facts)));
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    const asked = await muster.get(`/v1/nodes?query=${encodeURIComponent('{"facts.\\"a.b\\".\\"c.d\\"": 1}')}`);
    expect(JSON.parse(asked.body).nodes).toHaveLength(1);
    await restGoesOn();
  });

  it('with bytes that are not UTF-8 is refused', async () => {
    const bytes = sealed('utf8.acme.net', { facts: { x: 'marker' } });
    const at = Buffer.from(bytes).indexOf('marker');
    const broken = Uint8Array.from(bytes);
    broken[at] = 0xff;
    const code = await refusalOf(broken);
    expect(['signature_invalid', 'message_not_utf8']).toContain(code);
    await restGoesOn();
  });

  it('left dead letters that say why', async () => {
    const listed = await muster.run('muster', ['deadletter', 'list', '--json']);
    expect(listed.status).toBe(0);
    for (const code of [
      'message_truncated',
      'signature_invalid',
      'message_expired',
      'registration_too_deep',
      'identity_owned',
    ]) {
      expect(listed.stdout).toContain(code);
    }
    const metrics = await muster.get('/metrics');
    expect(metrics.body).toMatch(/refused[^\n]*registration_too_deep[^\n]* 1/);
  });
});

function sortedKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.keys(value)
    .sort()
    .map((key) => [key, sortedKeys((value as Record<string, unknown>)[key])]);
}

/** A bare connection: what it is sent, and what comes back until `until` matches or it closes. */
function talk(port: number, text: string | Buffer, until: RegExp, withinMs = 15_000): Promise<string> {
  return new Promise((done, fail) => {
    let heard = '';
    const socket: Socket = connect(port, '127.0.0.1', () => socket.write(text));
    const timer = setTimeout(() => fail(new Error(`heard only ${JSON.stringify(heard)}`)), withinMs);
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      done(heard);
    };
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
      if (until.test(heard)) end();
    });
    socket.on('error', end);
    socket.on('close', end);
  });
}

describe('at the broker', () => {
  const hello = 'CONNECT\naccept-version:1.2\nhost:x\n\n\0';

  it('a stranger may subscribe to nothing', async () => {
    for (const destination of [
      QUEUE,
      '/queue/mcollective.nodes',
      '/topic/mcollective.discovery.agent',
      '/queue/mcollective.reply.good.acme.net_1.1',
    ]) {
      const heard = await talk(
        muster.stompPort,
        `${hello}SUBSCRIBE\nid:1\ndestination:${destination}\n\n\0`,
        /ERROR\n/,
      );
      expect(heard).toMatch(/ERROR\n[\s\S]*broker_refused/);
    }
    await restGoesOn();
  });

  it('a stranger who claims to be a node is refused', async () => {
    const heard = await talk(
      muster.stompPort,
      'CONNECT\naccept-version:1.2\nlogin:node:good.acme.net\npasscode:1.AAAA\nmuster-key:AAAA\n\n\0',
      /ERROR\n/,
    );
    expect(heard).toMatch(/broker_refused/);
    await restGoesOn();
  });

  it('noise and frames without end are refused and cut off', async () => {
    expect(await talk(muster.stompPort, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n', /ERROR\n/)).toMatch(/frame_malformed/);
    const endless = await talk(
      muster.stompPort,
      `${hello}SEND\ndestination:${QUEUE}\ncontent-length:99999999\n\n`,
      /ERROR\n/,
    );
    expect(endless).toMatch(/frame_too_large/);
    const twoMegabytes = Buffer.concat([sealed('big.acme.net', {}), Buffer.alloc(2_000_000, 'x')]);
    const big = await talk(
      muster.stompPort,
      Buffer.concat([
        Buffer.from(`${hello}SEND\ndestination:${QUEUE}\nreceipt:1\ncontent-length:${twoMegabytes.length}\n\n`),
        twoMegabytes,
        Buffer.from([0]),
      ]),
      /ERROR\n|RECEIPT\n/,
    );
    expect(big).toMatch(/frame_too_large|message_too_large/);
    await restGoesOn();
  });
});

describe('over HTTP', () => {
  const token = () => ({ authorization: `Bearer ${muster.adminToken}` });
  const code = (answer: { body: string }) => {
    const body = JSON.parse(answer.body);
    return body.code ?? body.error?.code ?? body.errors?.[0]?.extensions?.code;
  };

  it('a page of another origin, or by another name, is refused', async () => {
    expect(code(await muster.get('/v1/nodes', { origin: 'http://evil.example' }))).toBe('origin_refused');
    expect(code(await muster.get('/v1/nodes', { host: 'evil.example' }))).toBe('host_refused');
    expect(code(await muster.post('/graphql', { query: '{ nodes { totalCount } }' }, { origin: 'null' }))).toBe(
      'origin_refused',
    );
    expect(
      code(
        await muster.post(
          '/v1/registrations',
          { identity: 'x', facts: {} },
          { 'content-type': 'text/plain', ...token() },
        ),
      ),
    ).toBe('content_type_refused');
    await restGoesOn();
  });

  it('no write goes without a token, from loopback too', async () => {
    expect(code(await muster.post('/v1/registrations', { identity: 'x.acme.net', facts: {} }))).toBe('token_missing');
    expect(
      code(
        await muster.post(
          '/v1/registrations',
          { identity: 'x.acme.net', facts: {} },
          { authorization: 'Bearer nonsense' },
        ),
      ),
    ).toBe('token_invalid');
    await restGoesOn();
  });

  it('one bad line of many is named and the others go in', async () => {
    const lines = [
      '{"identity":"l1.acme.net","facts":{}}',
      '{"identity":"l2.acme.net"',
      '{"identity":"l3.acme.net","facts":{"x":1}}',
      `{"identity":"l4.acme.net","facts":{"x":"${'y'.repeat(2_000_000)}"}}`,
      '{"identity":"l5.acme.net","facts":{}}',
    ];
    const ran = await muster.run('muster', ['import', '-'], { input: lines.join('\n') });
    expect(ran.status).toBe(2);
    expect(ran.stderr + ran.stdout).toMatch(/message_too_large/);
    for (const [name, status] of [
      ['l1', 200],
      ['l2', 404],
      ['l3', 200],
      ['l4', 404],
      ['l5', 200],
    ] as const) {
      expect((await muster.get(`/v1/nodes/${name}.acme.net`)).status, name).toBe(status);
    }
    await restGoesOn();
  });

  it.each([
    [{ $where: 'sleep(1)' }, 'query_operator_refused'],
    [{ 'facts.x': { $function: {} } }, 'query_operator_refused'],
    [{ $expr: {} }, 'query_operator_refused'],
    [{ $jsonSchema: {} }, 'query_operator_refused'],
    [{ $or: Array.from({ length: 10_000 }, (_, i) => ({ 'facts.x': i })) }, 'query_too_large'],
    [{ 'facts.x': { $regex: '(?=a)b' } }, 'query_regex_invalid'],
    [{ 'facts.x': { $regex: '(' } }, 'query_regex_invalid'],
  ])('the question %# is refused by name', async (query, expected) => {
    const document = 'query ($q: JSON) { nodes(query: $q) { totalCount } }';
    expect(code(await muster.post('/graphql', { query: document, variables: { q: query } }))).toBe(expected);
    await restGoesOn();
  });

  it('a regex bomb is answered in no time', async () => {
    const bomb = JSON.stringify({ 'facts.bomb': { $regex: '^(a+)+$' } });
    expect(
      (
        await muster.post(
          '/v1/registrations',
          { identity: 'bomb.acme.net', facts: { bomb: `${'a'.repeat(50_000)}!` } },
          token(),
        )
      ).status,
    ).toBe(200);
    const started = Date.now();
    const asked = await muster.get(`/v1/nodes?query=${encodeURIComponent(bomb)}`);
    expect(asked.status).toBe(200);
    expect(Date.now() - started).toBeLessThan(10_000);
    await restGoesOn();
  });

  it('clients that send a byte now and then hold nobody up', async () => {
    const slow = Array.from({ length: 50 }, () =>
      connect(muster.httpPort, '127.0.0.1', function (this: Socket) {
        this.write('POST /v1/registrations HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-le');
      }),
    );
    for (const socket of slow) socket.on('error', () => {});
    await restGoesOn();
    for (const socket of slow) socket.destroy();
  });
});
