import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf, type Json, type JsonObject, VOLATILE_FACTS } from '../../../core/index.ts';
import { packResults, unpackResults } from '../../../registry/pipeline/batch-codec.ts';
import { DigestTable, digestMemory } from '../../../registry/pipeline/digest-table.ts';
import { createExamination, type Examined } from '../../../registry/pipeline/examine.ts';
import { keepLargeNumbers } from '../../../registry/pipeline/parse-json.ts';
import { generateSigningKey, sealMessage } from '../../../wire/index.ts';
import { QUEUE, TestClock, TestNode } from '../registry-for-test.ts';

const examine = createExamination({ accept: ['ed25519'], volatile: [...VOLATILE_FACTS, '"app.state".*'] });

function taken(value: unknown): Examined['registration'] & { parsed: JsonObject; moved: JsonObject } {
  const result = examine({ bytes: Buffer.from(JSON.stringify(value)), destination: undefined, receivedAt: 1 });
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  const { content, volatile } = result.registration;
  return { ...result.registration, parsed: JSON.parse(content), moved: JSON.parse(volatile) };
}

/** The same value with its keys the other way round, at every level. */
function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, below]) => [key, reversed(below)]),
  );
}

describe('a registration', () => {
  it('takes its fqdn from the facts, the structured ones after the flat one, else from its identity', () => {
    const fqdnOf = (facts: unknown) => taken({ identity: 'db1', facts }).fqdn;
    expect(fqdnOf({ fqdn: 'a.acme.net', networking: { fqdn: 'b.acme.net' } })).toBe('a.acme.net');
    expect(fqdnOf({ networking: { fqdn: 'b.acme.net' } })).toBe('b.acme.net');
    expect(fqdnOf({ fqdn: 7, networking: [] })).toBe('db1');
    expect(fqdnOf({ fqdn: `${'x'.repeat(254)}` })).toBe('db1');
    expect(fqdnOf({ fqdn: 'two words' })).toBe('db1');
  });

  it('keeps lists as sets: sorted, each name once, in whatever order they came', () => {
    const one = taken({ identity: 'db1', facts: {}, classes: ['b', 'a', 'b'], agentlist: ['rpcutil', 'discovery'] });
    const other = taken({ identity: 'db1', facts: {}, classes: ['a', 'b'], agentlist: ['discovery', 'rpcutil'] });
    expect(one.parsed.classes).toEqual(['a', 'b']);
    expect(one.digest).toBe(other.digest);
  });

  it('takes volatile facts apart, those below a quoted key too', () => {
    const { parsed, moved, digest } = taken({
      identity: 'db1',
      facts: { uptime_seconds: 5, 'app.state': { n: 1 }, memory: { system: { total: 1, used: 2 } }, os: 'x' },
    });
    expect(parsed.facts).toEqual({ 'app%2Estate': {}, memory: { system: { total: 1 } }, os: 'x' });
    expect(moved).toEqual({ uptime_seconds: 5, 'app%2Estate': { n: 1 }, memory: { system: { used: 2 } } });
    const later = taken({
      identity: 'db1',
      facts: { uptime_seconds: 9, 'app.state': { m: 2 }, memory: { system: { total: 1, used: 7 } }, os: 'x' },
    });
    expect(later.digest).toBe(digest);
  });

  it('puts what stands beside the known fields into extra, but not what the registry keeps itself', () => {
    const { parsed } = taken({
      identity: 'db1',
      facts: {},
      rack: 'r1',
      extra: { owner: 'ops' },
      lastseen: 1,
      revision: 7,
      fqdn: 'x',
      _id: { $oid: 'x' },
    });
    expect(parsed.extra).toEqual({ rack: 'r1', owner: 'ops' });
  });

  it('has the digest of its canonical content, whatever the order of keys, however often it comes', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ depthSize: 'small' })), (facts) => {
        const plain = JSON.parse(JSON.stringify(facts)) as JsonObject;
        const first = taken({ identity: 'db1', facts: plain });
        const again = taken({ identity: 'db1', facts: plain });
        const other = taken({ identity: 'db1', facts: reversed(plain) });
        expect(again.digest).toBe(first.digest);
        expect(other.digest).toBe(first.digest);
        expect(first.digest).toBe(digestOf({ identity: 'db1', ...(first.parsed as Record<string, Json>) }));
      }),
      { numRuns: 300 },
    );
  });

  it('crosses threads unharmed, texts of every script included', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 50 }), { maxLength: 20 }), (texts) => {
        const results = texts.map((x) =>
          examine({
            bytes: Buffer.from(JSON.stringify({ identity: 'db1', facts: { x, uptime: x } })),
            destination: undefined,
            receivedAt: 1,
          }),
        );
        const back = unpackResults(packResults(1, results));
        results.forEach((result, i) => {
          const there = back[i];
          if (!result.ok || there === undefined || !there.ok) throw new Error('refused');
          expect(Buffer.from(there.registration.content).toString()).toBe(result.registration.content);
          expect(Buffer.from(there.registration.volatile).toString()).toBe(result.registration.volatile);
          expect(there.registration.digest).toBe(result.registration.digest);
        });
      }),
      { numRuns: 100 },
    );
  });
});

describe('the table of digests', () => {
  it('gives each text its own digest also where texts fight for one place', () => {
    const table = new DigestTable(digestMemory(1));
    const digest = (text: string) => table.digest(text, () => digestOf(text));
    for (const text of ['a', 'b', 'a', 'a', 'c', 'b']) expect(digest(text)).toBe(digestOf(text));
  });

  it('is found by the other thread too, and made anew where a place is damaged', () => {
    const memory = digestMemory(1);
    let made = 0;
    const make = () => {
      made += 1;
      return digestOf('a');
    };
    expect(new DigestTable(memory).digest('a', make)).toBe(digestOf('a'));
    expect(new DigestTable(memory).digest('a', make)).toBe(digestOf('a'));
    expect(made).toBe(1);
    const bytes = new Uint8Array(memory);
    for (const at of [0, 31, 32, 40, 63, 64, 67]) {
      bytes[at] = (bytes[at] as number) ^ 1;
      made = 0;
      expect(new DigestTable(memory).digest('a', make)).toBe(digestOf('a'));
      expect(made, `byte ${at}`).toBe(1);
    }
  });
});

describe('large numbers', () => {
  it('are quoted where they stand as numbers, and nowhere else', () => {
    const rows: [string, string, number][] = [
      ['{"a":9007199254740992}', '{"a":"9007199254740992"}', 1],
      ['{"a":9007199254740991}', '{"a":9007199254740991}', 0],
      ['[-9007199254740993,1]', '["-9007199254740993",1]', 1],
      ['{"9007199254740993":"9007199254740993"}', '{"9007199254740993":"9007199254740993"}', 0],
      ['{"a":"x\\\\","b":9007199254740993}', '{"a":"x\\\\","b":"9007199254740993"}', 1],
      ['{"a":"\\"9007199254740993"}', '{"a":"\\"9007199254740993"}', 0],
      ['[1e400,-1E+999,1e308]', '["1e400","-1E+999",1e308]', 2],
      ['[12345678901234567890.5]', '[12345678901234567890.5]', 0],
    ];
    for (const [text, expected, count] of rows) expect(keepLargeNumbers(text)).toEqual({ text: expected, count });
  });
});

describe('whatever comes', () => {
  const seed = Number(process.env.MUSTER_TEST_SEED ?? Date.now() % 2 ** 31);
  /** A small generator of our own: the same seed, the same bytes. */
  function randomOf(start: number): (below: number) => number {
    let state = start >>> 0 || 1;
    return (below) => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % below;
    };
  }

  it('is examined or refused by a name, never thrown', () => {
    const random = randomOf(seed);
    const clock = new TestClock();
    const sender = new TestNode('db1.acme.net', clock, generateSigningKey());
    const plain = Buffer.from(
      '{"identity":"db1.acme.net","facts":{"a":[1,{"b":"\\u00e9\\ud83d\\ude00"}],"n":12345678901234567890},"classes":["x"],"interval":300}',
    );
    const sealed = Buffer.from(sealMessage(sender.message({ facts: { a: [1, { b: 'é' }] } }), sender.key));
    const codes = new Map<string, number>();
    try {
      for (let run = 0; run < 6000; run++) {
        const start = run % 2 === 0 ? plain : sealed;
        const bytes =
          run % 10 === 9 ? Buffer.from(Array.from({ length: random(200) }, () => random(256))) : mutated(start, random);
        const result = examine({
          bytes,
          destination: run % 2 === 0 ? undefined : QUEUE,
          receivedAt: clock.seconds,
        });
        const code = result.ok ? 'ok' : result.error.code;
        codes.set(code, (codes.get(code) ?? 0) + 1);
        expect(code).not.toBe('internal_error');
      }
    } catch (thrown) {
      console.error(`MUSTER_TEST_SEED=${seed}`);
      throw thrown;
    }
    for (const code of ['ok', 'message_malformed', 'message_truncated', 'message_not_utf8', 'signature_invalid']) {
      expect(codes.get(code) ?? 0, `${code} with MUSTER_TEST_SEED=${seed}`).toBeGreaterThan(0);
    }
  });

  function mutated(start: Buffer, random: (below: number) => number): Buffer {
    let bytes = Buffer.from(start);
    for (let change = random(4); change >= 0; change--) {
      const at = random(bytes.length + 1);
      const kind = random(6);
      if (kind === 0) bytes = bytes.subarray(0, at);
      else if (kind === 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(8))]);
      else if (kind === 2)
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([random(256)]), bytes.subarray(at)]);
      else if (kind === 3)
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(at + 1), at), bytes.subarray(at)]);
      else if (kind === 4 && at < bytes.length) bytes[at] = '{}[]",:0e-\\'.charCodeAt(random(11));
      if (bytes.length === 0) break;
    }
    return bytes;
  }
});
