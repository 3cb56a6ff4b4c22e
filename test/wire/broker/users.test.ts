import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Authenticate,
  brokerAuthenticate,
  hashPasscode,
  type Login,
  loadBrokerUsers,
  readBrokerUsers,
} from '../../../wire/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'muster-users-'));
afterAll(() => rmSync(folder, { recursive: true }));

const from = (login: string | undefined, passcode: string | undefined, remoteAddress = '127.0.0.1'): Login => ({
  login,
  passcode,
  headers: {},
  remoteAddress,
});

describe('users of the broker', () => {
  let authenticate: Authenticate;
  let hash: string;
  beforeAll(async () => {
    hash = await hashPasscode('sécret');
    const file = join(folder, 'users.yaml');
    writeFileSync(
      file,
      `rip: { passwordHash: ${hash}, role: client }\nmuster: { passwordHash: ${hash}, role: registry }\nweb1: { passwordHash: ${hash}, role: node }\n`,
    );
    authenticate = brokerAuthenticate({ users: loadBrokerUsers(file) });
  });

  it('are who their passcode proves, the second time too', async () => {
    for (let i = 0; i < 2; i++) {
      expect(await authenticate(from('rip', 'sécret'))).toEqual({ kind: 'client', name: 'rip' });
      expect(await authenticate(from('muster', 'sécret'))).toEqual({ kind: 'registry', name: 'muster' });
      expect(await authenticate(from('web1', 'sécret', '192.0.2.1'))).toEqual({ kind: 'node', identity: 'web1' });
      for (const [login, passcode] of [
        ['rip', 'wrong'],
        ['rip', undefined],
        ['nobody', 'sécret'],
        ['__proto__', 'sécret'],
        ['node:web1', 'sécret'],
      ] as const) {
        await expect(authenticate(from(login, passcode))).rejects.toMatchObject({ code: 'broker_refused' });
      }
    }
  });

  it('may be nobody on loopback only', async () => {
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
      expect(await authenticate(from(undefined, undefined, address))).toEqual({ kind: 'anonymous' });
    }
    for (const address of ['192.0.2.1', '::ffff:192.0.2.1', '2001:db8::1', '']) {
      await expect(authenticate(from('', undefined, address))).rejects.toMatchObject({ code: 'broker_refused' });
    }
  });

  it('have hashes of their own, salted', async () => {
    expect(hash).toMatch(/^scrypt\$32768\$8\$1\$/);
    expect(await hashPasscode('sécret')).not.toBe(hash);
  });

  const faults: readonly (readonly [string, string, RegExp])[] = [
    ['a passcode instead of its hash', 'rip: { passwordHash: sesame, role: client }', /rip\.passwordHash/],
    ['an unknown role', 'rip: { passwordHash: HASH, role: king }', /rip\.role/],
    ['an unknown key', 'rip: { passwordHash: HASH, role: client, shell: sh }', /rip\.shell/],
    ['a list', '- rip', /the whole/],
    ['no YAML', 'a: [', /not YAML/],
    [
      'a cost that stops the broker',
      'rip: { passwordHash: HASH, role: client }'.replace(
        'HASH',
        'scrypt$999999$99$9$AAAAAAAAAAAAAAAA$'.concat('A'.repeat(43)),
      ),
      /rip/,
    ],
  ];
  for (const [what, text, names] of faults) {
    it(`are refused with ${what}, which the message does not repeat`, () => {
      const read = () => readBrokerUsers(text.replace('HASH', hash), 'users.yaml');
      expect(read).toThrow(expect.objectContaining({ code: 'config_invalid', message: expect.stringMatching(names) }));
      expect(read).not.toThrow(/sesame/);
    });
  }

  it('come from a file that must be there', () => {
    expect(() => loadBrokerUsers(join(folder, 'none'))).toThrow(expect.objectContaining({ code: 'config_unreadable' }));
  });
});
