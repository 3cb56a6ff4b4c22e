import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../../registry/index.ts';
import { sealBytes } from '../../../wire/index.ts';
import {
  BY_ADMIN,
  figure,
  identity,
  json,
  nested,
  OVER_STOMP,
  type RegistryUnderTest,
  registryForTest,
  TestNode,
} from '../registry-for-test.ts';
import { workerFile } from '../worker-file.ts';

/*
 * Everything wrong that a message can be, each between two good neighbours of the same batch, examined on a real
 * thread. Each is refused by its name; the neighbours go in.
 */

let test: RegistryUnderTest;
let round = 0;

beforeAll(async () => {
  test = await registryForTest({ workerFile: workerFile() });
});
afterAll(() => test.dispose());

const node = (name: string) => new TestNode(name, test.clock);

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}

async function between(bad: Uint8Array, origin = OVER_STOMP): Promise<Outcome> {
  round += 1;
  const before = node(`before${round}.acme.net`).sealed({ facts: { round } });
  const after = node(`after${round}.acme.net`).sealed({ facts: { round } });
  const outcomes = await Promise.all([
    test.registry.submit(before, OVER_STOMP),
    test.registry.submit(bad, origin),
    test.registry.submit(after, OVER_STOMP),
  ]);
  expect(outcomes[0]).toMatchObject({ kind: 'taken', outcome: 'inserted' });
  expect(outcomes[2]).toMatchObject({ kind: 'taken', outcome: 'inserted' });
  return outcomes[1] as Outcome;
}

function refused(code: string, evidence: object = {}): object {
  return { kind: 'refused', error: { code, ...evidence }, deadLetter: expect.any(String) };
}

const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]));
const now = () => test.clock.seconds;

describe('a signed message', () => {
  const rows: [string, () => Uint8Array, string, object][] = [
    ['cut in its header', () => node('a.acme.net').sealed().subarray(0, 100), 'message_truncated', {}],
    ['cut in its body', () => node('a.acme.net').sealed().subarray(0, -20), 'message_truncated', {}],
    ['that is empty', () => new Uint8Array(0), 'message_truncated', {}],
    ['that is none', () => Buffer.from('hello\nworld'), 'message_malformed', {}],
    ['over 1 MiB', () => new Uint8Array(2 ** 20 + 2000), 'message_too_large', { value: 2 ** 20 + 2000 }],
    [
      'with a bit flipped',
      () => flip(node('a.acme.net').sealed({ facts: { x: 'aaaa' } }), 400),
      'signature_invalid',
      { field: 'header.signature' },
    ],
    [
      'signed by a key it does not name',
      () => {
        const [header] = Buffer.from(node('a.acme.net').sealed()).toString().split('\n');
        const [, body] = Buffer.from(node('a.acme.net').sealed({ facts: { x: 1 } }))
          .toString()
          .split('\n');
        return Buffer.from(`${header}\n${body}`);
      },
      'signature_invalid',
      {},
    ],
    [
      'of another provider',
      () => Buffer.from(Buffer.from(node('a.acme.net').sealed()).toString().replace('ed25519', 'psk')),
      'provider_not_accepted',
      { field: 'header.provider', value: 'psk' },
    ],
    [
      'expired',
      () => node('a.acme.net').sealed({}, { msgtime: now() - 601, ttl: 600 }),
      'message_expired',
      { field: 'msgtime' },
    ],
    [
      'dated ahead',
      () => node('a.acme.net').sealed({}, { msgtime: now() + 301 }),
      'message_from_future',
      { field: 'msgtime' },
    ],
    [
      'for another destination',
      () => node('a.acme.net').sealed({}, { target: '/queue/x.registration' }),
      'message_malformed',
      { field: 'target' },
    ],
    [
      'for another agent',
      () => node('a.acme.net').sealed({}, { agent: 'discovery' }),
      'message_malformed',
      { field: 'agent' },
    ],
    [
      'of another caller',
      () => node('a.acme.net').sealed({}, { callerid: 'user=root' }),
      'message_malformed',
      { field: 'callerid' },
    ],
    [
      'about another node',
      () => node('a.acme.net').sealed({ identity: 'b.acme.net' }),
      'message_malformed',
      { field: 'body.identity' },
    ],
    ['of a sender called localhost', () => node('localhost').sealed(), 'identity_invalid', { field: 'senderid' }],
    [
      'about a name that is none',
      () => node('a.acme.net').sealed({ identity: 'a b' }),
      'identity_invalid',
      { field: 'body.identity' },
    ],
    [
      'without facts',
      () => node('a.acme.net').sealed({ facts: undefined }),
      'registration_invalid',
      { field: 'facts' },
    ],
    [
      'whose classes are a text',
      () => node('a.acme.net').sealed({ classes: 'x' }),
      'registration_invalid',
      { field: 'classes', value: 'x' },
    ],
    [
      'with a NUL in a class',
      () => node('a.acme.net').sealed({ classes: ['a', 'b\0'] }),
      'registration_invalid',
      { field: 'classes.1' },
    ],
    [
      'of 40 levels',
      () => node('a.acme.net').sealed({ facts: { deep: nested(40) } }),
      'registration_too_deep',
      { field: 'facts.deep' },
    ],
    [
      'of 50,000 keys',
      () => node('a.acme.net').sealed({ facts: { many: keys(50_000) } }),
      'registration_too_many_leaves',
      { field: 'facts.many', value: 50_000 },
    ],
    [
      'of half a surrogate pair',
      () => node('a.acme.net').sealed({ facts: { x: ['\ud800'] } }),
      'message_not_utf8',
      { field: 'facts.x.0' },
    ],
  ];

  it.each(rows)('%s is refused by name, its neighbours go in', async (_, make, code, evidence) => {
    const outcome = await between(make());
    expect(outcome).toMatchObject(refused(code, evidence));
  });

  it('that is not UTF-8 though its signature fits is refused', async () => {
    const sender = node('a.acme.net');
    const text = Buffer.from(JSON.stringify(sender.message({ facts: { model: 'marker' } })));
    text[text.indexOf('marker')] = 0xff;
    expect(await between(sealBytes(text, sender.key))).toMatchObject(refused('message_not_utf8'));
  });

  it('is refused as replayed when it is older, and acknowledged without a dead letter when it is the same', async () => {
    const sender = node('replay.acme.net');
    const [first, second] = [sender.sealed({ facts: { n: 1 } }), sender.sealed({ facts: { n: 2 } })];
    expect(await between(first)).toMatchObject({ outcome: 'inserted' });
    expect(await between(second)).toMatchObject({ outcome: 'changed' });
    const { kept } = test.registry.deadLetters.counts;
    expect(await between(second)).toMatchObject({ kind: 'taken', outcome: 'duplicate' });
    expect(test.registry.deadLetters.counts.kept).toBe(kept);
    expect(await between(first)).toMatchObject(refused('message_replayed', { field: 'msgtime' }));
    expect((await test.store.read([identity('replay.acme.net')]))[0]?.facts).toEqual({ n: 2 });
  });

  it('for an identity that another key owns is refused, whatever the case of its letters', async () => {
    expect(await between(node('owned.acme.net').sealed({ facts: { n: 1 } }))).toMatchObject({ outcome: 'inserted' });
    expect(await between(node('OWNED.acme.net').sealed({ facts: { n: 2 } }))).toMatchObject(
      refused('identity_owned', { identity: 'OWNED.acme.net' }),
    );
    expect((await test.store.read([identity('owned.acme.net')]))[0]?.facts).toEqual({ n: 1 });
  });

  it('at its bounds goes in: 32 levels, 20,000 leaves, a message of 1 MiB', async () => {
    expect(await between(node('deep.acme.net').sealed({ facts: nested(32) }))).toMatchObject({ outcome: 'inserted' });
    expect(await between(node('many.acme.net').sealed({ facts: keys(20_000) }))).toMatchObject({ outcome: 'inserted' });
    const large = node('large.acme.net');
    const room = 2 ** 20 - JSON.stringify(large.message({ facts: { x: '' } })).length;
    expect(await between(large.sealed({ facts: { x: 'y'.repeat(room) } }))).toMatchObject({ outcome: 'inserted' });
  });
});

describe('a registration by token', () => {
  const text = (value: string) => Buffer.from(value);
  const rows: [string, () => Uint8Array, string, object][] = [
    ['cut short', () => text('{"identity":"a.acme.net","facts":{"x":'), 'message_truncated', { offset: 38 }],
    ['that is empty', () => text(''), 'message_truncated', {}],
    [
      'with a NUL byte',
      () => text('{"identity":"a.acme.net","facts":{"x":"\0"}}'),
      'message_malformed',
      { offset: 39 },
    ],
    ['that is no JSON', () => text('{"identity":a}'), 'message_malformed', {}],
    ['that is a text', () => text('"a.acme.net"'), 'registration_invalid', {}],
    ['without identity', () => json({ facts: {} }), 'registration_invalid', { field: 'identity' }],
    [
      'called localhost',
      () => json({ identity: 'localhost.localdomain', facts: {} }),
      'identity_invalid',
      { field: 'identity' },
    ],
    [
      'with a 2 MB string',
      () => json({ identity: 'a.acme.net', facts: { x: 'y'.repeat(2_000_000) } }),
      'message_too_large',
      {},
    ],
    [
      'with a fact in two places',
      () => json({ identity: 'a.acme.net', facts: {}, rack: 1, extra: { rack: 2 } }),
      'registration_invalid',
      { field: 'extra.rack' },
    ],
    [
      'with an endless interval',
      () => text('{"identity":"a.acme.net","facts":{},"interval":1e400}'),
      'registration_invalid',
      { field: 'interval' },
    ],
  ];

  it.each(rows)('%s is refused by name, its neighbours go in', async (_, make, code, evidence) => {
    expect(await between(make(), BY_ADMIN)).toMatchObject(refused(code, evidence));
  });

  it('that is not UTF-8 is refused naming the fact and the byte', async () => {
    const bytes = text('{"identity":"a.acme.net","facts":{"disk":{"model":"?"}}}');
    bytes[bytes.indexOf('?')] = 0xff;
    expect(await between(bytes, BY_ADMIN)).toMatchObject(
      refused('message_not_utf8', { field: 'facts.disk.model', offset: 51 }),
    );
  });

  it('keeps every odd key and text as it was sent', async () => {
    const facts = '{"__proto__":{"polluted":true},"$where":"x","a.b":{"c%d":"nul\\u0000"},"constructor":"y","":1}';
    const outcome = await between(text(`{"identity":"odd.acme.net","facts":${facts},"__proto__":{"x":1}}`), BY_ADMIN);
    expect(outcome).toMatchObject({ outcome: 'inserted' });
    const kept = (await test.store.read([identity('odd.acme.net')]))[0];
    expect(Object.keys(kept?.facts ?? {}).sort()).toEqual(['', '%24where', '%5F_proto__', 'a%2Eb', 'constructor']);
    expect(kept?.facts['a%2Eb']).toEqual({ 'c%25d': 'nul\0' });
    expect(Object.keys(kept?.extra ?? {})).toEqual(['%5F_proto__']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('keeps integers beyond 2^53 as strings, says so, and leaves strings of digits alone', async () => {
    const facts =
      '{"a":9007199254740993,"b":[-12345678901234567890],"c":"9007199254740993","d":1e400,"e":1e300,"f":9007199254740991,"g":"x\\"9007199254740993"}';
    const outcome = await between(text(`{"identity":"big.acme.net","facts":${facts}}`), BY_ADMIN);
    expect(outcome).toMatchObject({ outcome: 'inserted', keptAsText: 3 });
    expect((await test.store.read([identity('big.acme.net')]))[0]?.facts).toEqual({
      a: '9007199254740993',
      b: ['-12345678901234567890'],
      c: '9007199254740993',
      d: '1e400',
      e: 1e300,
      f: 9007199254740991,
      g: 'x"9007199254740993',
    });
    expect(await figure(test.metrics, 'muster_registrations_large_numbers_total')).toBeGreaterThanOrEqual(3);
  });
});

it('every refusal is counted by its code and logged with its evidence', async () => {
  await between(node('counted.acme.net').sealed({ classes: 'x' }));
  expect(
    await figure(test.metrics, 'muster_registrations_refused_total', { via: 'stomp', code: 'signature_invalid' }),
  ).toBe(2);
  expect(await figure(test.metrics, 'muster_registry_queue_messages')).toBe(0);
  const line = test.logged.find((one) => one.code === 'registration_too_deep');
  expect(line).toMatchObject({ field: 'facts.deep', via: 'stomp', peer: 'anonymous', deadLetter: expect.any(String) });
});
