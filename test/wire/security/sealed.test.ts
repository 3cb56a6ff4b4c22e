import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeMessage,
  generateSigningKey,
  joinProof,
  joinProofMatches,
  type Message,
  openSealed,
  registrationQueue,
  sealMessage,
  verifySealed,
  verifySealedOffThread,
  WireError,
} from '../../../wire/index.ts';

const key = generateSigningKey();

const message: Message = {
  kind: 'request',
  requestid: '0123456789abcdef0123456789abcdef',
  senderid: 'db1.acme.net',
  callerid: 'node=db1.acme.net',
  agent: 'registration',
  collective: 'mcollective',
  target: registrationQueue('mcollective'),
  filter: { fact: [], cf_class: [], agent: ['registration'], identity: [], compound: [] },
  msgtime: 1_790_000_000,
  sequence: 7,
  ttl: 86_400,
  body: { identity: 'db1.acme.net', facts: { os: { name: 'Debian' }, ünïcode: '✓ 𝄞' } },
};

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(WireError);
    return (error as WireError).code;
  }
  return 'no error';
}

function fieldOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return (error as WireError).field;
  }
  return undefined;
}

const headerOf = (fields: Record<string, unknown>): Buffer =>
  Buffer.from(
    `${JSON.stringify({ muster: 1, provider: 'ed25519', key: key.publicKey, signature: 'A'.repeat(86), ...fields })}\n{}`,
  );

describe('a sealed message', () => {
  const sealed = Buffer.from(sealMessage(message, key));

  it('opens, verifies and decodes to what was sealed', async () => {
    const opened = openSealed(sealed);
    expect(opened.key).toBe(key.publicKey);
    expect(verifySealed(opened, key.publicKey)).toBe(true);
    expect(await verifySealedOffThread(opened, key.publicKey)).toBe(true);
    expect(decodeMessage(opened.message)).toEqual(message);
  });

  it('does not verify with another key, nor when it names another', async () => {
    const other = generateSigningKey();
    expect(verifySealed(openSealed(sealed), other.publicKey)).toBe(false);
    expect(verifySealed({ ...openSealed(sealed), key: other.publicKey }, key.publicKey)).toBe(false);
    expect(await verifySealedOffThread({ ...openSealed(sealed), key: other.publicKey }, other.publicKey)).toBe(false);
    expect(verifySealed({ ...openSealed(sealed), key: 'no key' }, 'no key')).toBe(false);
  });

  it('never verifies after any single bit was flipped', () => {
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const altered = Buffer.from(sealed);
      altered[bit >> 3]! ^= 1 << (bit & 7);
      const verdict = outcome(altered);
      expect(verdict, `bit ${bit}`).not.toBe('verified');
    }
  });

  it('never verifies and throws only errors of ours when cut at any point or mutated', () => {
    for (let cut = 0; cut < sealed.length; cut++) expect(outcome(sealed.subarray(0, cut))).not.toBe('verified');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(sealed.length - 1), fc.nat(255), fc.constantFrom('set', 'insert', 'delete')), {
          minLength: 1,
          maxLength: 6,
        }),
        (edits) => {
          const bytes = [...sealed];
          for (const [at, byte, how] of edits) {
            if (how === 'set') bytes[at] = byte;
            else bytes.splice(at, how === 'delete' ? 1 : 0, ...(how === 'insert' ? [byte] : []));
          }
          const altered = Buffer.from(bytes);
          if (!altered.equals(sealed)) expect(outcome(altered)).not.toBe('verified');
        },
      ),
      { numRuns: 2000, verbose: 1 },
    );
  });

  it('opens or refuses any bytes by an error of ours', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        expect(outcome(bytes)).not.toBe('verified');
      }),
      { numRuns: 2000 },
    );
  });

  function outcome(bytes: Uint8Array): string {
    try {
      const opened = openSealed(bytes);
      return verifySealed(opened, key.publicKey) ? 'verified' : 'not verified';
    } catch (error) {
      if (error instanceof WireError) return error.code;
      throw error;
    }
  }
});

describe('opening a message', () => {
  const reordered = Buffer.from(
    `${JSON.stringify({ provider: 'ed25519', muster: 1, key: key.publicKey, signature: 'A'.repeat(86) })}\n{}`,
  );
  const rows: readonly (readonly [string, string, Uint8Array])[] = [
    ['message_truncated', 'nothing at all', Buffer.alloc(0)],
    ['message_truncated', 'half a header', Buffer.from('{"muster":1,"prov')],
    ['message_truncated', 'a header alone', headerOf({}).subarray(0, -2)],
    ['message_malformed', 'a header line without end', Buffer.alloc(5000, 0x61)],
    ['message_malformed', 'a header that is no object', Buffer.from('[]\n{}')],
    ['message_malformed', 'a header that is no JSON', Buffer.from('hello\n{}')],
    ['message_malformed', 'another format', headerOf({ muster: 2 })],
    ['message_malformed', 'a field too many', headerOf({ extra: 1 })],
    ['message_malformed', 'a key with padding', headerOf({ key: `${key.publicKey}=` })],
    ['message_malformed', 'a key that is too short', headerOf({ key: 'AAAA' })],
    ['message_malformed', 'a signature in another alphabet', headerOf({ signature: `${'A'.repeat(84)}+/` })],
    ['message_malformed', 'a signature with stray bits', headerOf({ signature: `${'A'.repeat(85)}B` })],
    ['message_malformed', 'a header with a blank', Buffer.from(headerOf({}).toString().replace(',', ', '))],
    ['message_malformed', 'a header in another order', reordered],
    ['message_malformed', 'a provider that is no text', headerOf({ provider: 7 })],
    ['provider_not_accepted', 'another provider', headerOf({ provider: 'psk' })],
    ['message_too_large', 'two megabytes', Buffer.alloc(2 * 1024 * 1024, 0x61)],
    ['message_too_large', 'a message one byte over', Buffer.concat([headerOf({}), Buffer.alloc(1024 * 1024 - 1)])],
  ];
  for (const [code, what, bytes] of rows) {
    it(`refuses ${what} as ${code}`, () => {
      expect(codeOf(() => openSealed(bytes))).toBe(code);
    });
  }

  it('takes a message of exactly the largest size', () => {
    expect(openSealed(Buffer.concat([headerOf({}), Buffer.alloc(1024 * 1024 - 2)])).message.length).toBe(1024 * 1024);
  });

  it('refuses a provider that is not in the list of accepted ones', () => {
    expect(codeOf(() => openSealed(sealMessage(message, key), []))).toBe('provider_not_accepted');
  });

  it('refuses to seal what nobody would take', () => {
    expect(codeOf(() => sealMessage({ ...message, body: 'x'.repeat(1024 * 1024) }, key))).toBe('message_too_large');
  });
});

describe('decoding a message', () => {
  const decode = (value: unknown) => decodeMessage(Buffer.from(JSON.stringify(value)));

  const rows: readonly (readonly [string, unknown])[] = [
    ['kind', { ...message, kind: 'order' }],
    ['requestid', { ...message, requestid: 'ABC' }],
    ['senderid', { ...message, senderid: 'a b' }],
    ['callerid', { ...message, callerid: 'uid=0\nx' }],
    ['agent', { ...message, agent: '' }],
    ['collective', { ...message, collective: 'a/b' }],
    ['target', { ...message, target: 'a b' }],
    ['filter.cf_class.0', { ...message, filter: { ...message.filter, cf_class: [7] } }],
    ['filter.compound', { ...message, filter: { ...message.filter, compound: undefined } }],
    ['msgtime', { ...message, msgtime: 1.5 }],
    ['sequence', { ...message, sequence: -1 }],
    ['ttl', { ...message, ttl: '60' }],
    ['body', { ...message, body: undefined }],
    ['join', { ...message, join: 'zz' }],
  ];
  for (const [field, value] of rows) {
    it(`names ${field} where it is at fault`, () => {
      expect(codeOf(() => decode(value))).toBe('message_malformed');
      expect(fieldOf(() => decode(value))).toBe(field);
    });
  }

  it('keeps keys such as __proto__ as data and changes no prototype', () => {
    const text = JSON.stringify(message).replace('"os":', '"__proto__":{"polluted":1},"constructor":2,"os":');
    const { body } = decodeMessage(Buffer.from(text));
    const { facts } = body as { facts: Record<string, unknown> };
    expect(Object.hasOwn(facts, '__proto__')).toBe(true);
    expect(JSON.stringify(facts)).toContain('"__proto__":{"polluted":1}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('ignores fields it does not know, so that later senders are understood', () => {
    expect(decode({ ...message, later: true })).toMatchObject({ agent: 'registration' });
  });

  it('says from which byte on a message is not UTF-8', () => {
    const bytes = Buffer.from(JSON.stringify(message));
    const at = bytes.indexOf('Debian');
    bytes[at] = 0xff;
    expect(codeOf(() => decodeMessage(bytes))).toBe('message_not_utf8');
    try {
      decodeMessage(bytes);
    } catch (error) {
      expect((error as WireError).offset).toBe(at);
    }
  });

  it('refuses a million brackets without overflowing', () => {
    const bomb = `{"kind":"request","body":${'['.repeat(400_000)}${']'.repeat(400_000)}}`;
    expect(codeOf(() => decodeMessage(Buffer.from(bomb)))).toBe('message_malformed');
    expect(codeOf(() => decodeMessage(Buffer.from('['.repeat(1_000_000))))).toBe('message_malformed');
  });

  it('gives back any JSON body as it was sealed', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (body) => {
        const json = JSON.parse(JSON.stringify(body)) as Message['body'];
        const opened = openSealed(sealMessage({ ...message, body: json }, key));
        expect(verifySealed(opened, key.publicKey)).toBe(true);
        expect(decodeMessage(opened.message).body).toEqual(json);
      }),
      { numRuns: 300 },
    );
  });

  it('throws only errors of ours for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(codeOf(() => decodeMessage(Buffer.from(text)))).toMatch(/^message_/);
      }),
    );
  });
});

describe('the join proof', () => {
  it('is the HMAC of key, sender and time, and is bound to each', () => {
    const proof = joinProof('secret', key.publicKey, 'db1', 1_790_000_000);
    expect(proof).toMatch(/^[0-9a-f]{64}$/);
    expect(joinProofMatches(proof, 'secret', key.publicKey, 'db1', 1_790_000_000)).toBe(true);
    expect(joinProofMatches(proof, 'Secret', key.publicKey, 'db1', 1_790_000_000)).toBe(false);
    expect(joinProofMatches(proof, 'secret', key.publicKey, 'db2', 1_790_000_000)).toBe(false);
    expect(joinProofMatches(proof, 'secret', key.publicKey, 'db1', 1_790_000_001)).toBe(false);
    expect(joinProofMatches('', 'secret', key.publicKey, 'db1', 1_790_000_000)).toBe(false);
  });
});
