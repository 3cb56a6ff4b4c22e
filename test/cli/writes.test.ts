import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Asked, CannedService, call } from './canned-service.ts';

let service: CannedService;
let importAnswer: { status?: number; body: unknown };

const REPORT = {
  received: 3,
  inserted: 1,
  changed: 0,
  unchanged: 0,
  duplicate: 0,
  refused: 2,
  position: '1',
  refusals: [],
};
const LETTER = {
  id: 'l1',
  receivedAt: 1_789_000_000_000,
  origin: { via: 'stomp', destination: '/queue/mcollective.registration', peer: 'node=db1' },
  error: { code: 'message_expired', message: 'The message is old', remedy: 'Check the clock' },
  bytes: 9,
  cut: false,
  encoding: 'utf8',
  body: 'two\nlines\u001b[2J',
  replays: 0,
};

function answer({ method, path }: Asked): { status?: number; body: unknown } | undefined {
  if (path === '/v1/registrations') return importAnswer;
  if (path.startsWith('/v1/admin/nodes/pending')) {
    const candidates = [{ fingerprint: 'SHA256:abc', firstSeen: 1_788_999_000, lastSeen: 1_788_999_990 }];
    // Two pages.
    return path.includes('after=db1')
      ? { body: { keys: [{ identity: 'db2', state: 'pending', candidates }], next: null } }
      : { body: { keys: [{ identity: 'db1', state: 'pending', candidates }], next: 'db1' } };
  }
  const act = /^\/v1\/admin\/nodes\/([^/]+)\/(\w+)$/.exec(path);
  if (act?.[1] === 'nosuch') {
    return { status: 404, body: { code: 'identity_unknown', message: 'There is no node nosuch', remedy: 'List them' } };
  }
  if (act !== null) return { body: { identity: act[1], outcome: `${act[2]}d`, nextKey: 'first-use' } };
  if (path === '/v1/admin/tokens' && method === 'POST')
    return { status: 201, body: { name: 'deploy', token: 'SECRET' } };
  if (path === '/v1/admin/tokens') {
    return {
      body: { tokens: [{ name: 'deploy', role: 'register', identityPattern: 'web*', created: 1_789_000_000 }] },
    };
  }
  if (path.startsWith('/v1/admin/tokens/')) return { status: 200, body: null };
  if (path.startsWith('/v1/admin/deadletters?')) {
    const { body: _, ...head } = LETTER;
    return { body: { deadLetters: [head], next: null } };
  }
  if (path === '/v1/admin/deadletters/l1') return { body: LETTER };
  if (path === '/v1/admin/deadletters/l1/replay') return { body: { identity: 'db1', outcome: 'inserted' } };
  return undefined;
}

beforeAll(async () => {
  service = await CannedService.start(answer);
});
afterAll(() => service.stop());

const ask = (...argv: string[]) => call('muster', argv, { url: service.url });

describe('muster import', () => {
  const send = (input: string, ...argv: string[]) =>
    call('muster', ['import', '-', ...argv], { url: service.url, input });

  it('sends JSON lines and sums up', async () => {
    importAnswer = { body: { ...REPORT, received: 1, refused: 0 } };
    const { status, stdout, stderr } = await send('{"identity":"a","facts":{}}\n');
    expect(service.asked.at(-1)).toMatchObject({
      method: 'POST',
      body: '{"identity":"a","facts":{}}\n',
      headers: { 'content-type': 'application/x-ndjson' },
    });
    expect(status).toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toBe('1 received: 1 inserted, 0 changed, 0 unchanged, 0 duplicate, 0 refused\n');
  });

  it('lists what was refused, within a bound, and ends with 2', async () => {
    const refusals = Array.from({ length: 30 }, (_, i) => ({
      line: i + 1,
      code: 'identity_invalid',
      message: 'no\u001bname',
    }));
    const body = {
      code: 'batch_refused',
      message: '30 of 31',
      remedy: '',
      ...REPORT,
      received: 31,
      refused: 30,
      refusals,
    };
    importAnswer = { status: 422, body };
    const { status, stderr } = await send('{}\n');
    expect(status).toBe(2);
    expect(stderr).toContain('line 1: no\\x1bname (identity_invalid)\n');
    expect(stderr.match(/^line /gm)).toHaveLength(20);
    expect(stderr).toContain('and 10 more: muster deadletter list');
  });

  it('says where the service broke off', async () => {
    importAnswer = {
      status: 507,
      body: { code: 'store_full', message: 'The disk is full', remedy: 'Make room', ...REPORT },
    };
    const { status, stderr } = await send('{}\n');
    expect(stderr).toContain('The service broke off: The disk is full (store_full)');
    expect(status).toBe(2);
  });

  it('ends by the error where nothing was taken at all', async () => {
    importAnswer = { status: 401, body: { code: 'token_missing', message: 'No token came', remedy: 'Send one' } };
    const { status, stderr } = await send('{}\n');
    expect(status).toBe(77);
    expect(stderr).toContain('token_missing');
  });

  it('prints the report as JSON', async () => {
    importAnswer = { body: { ...REPORT, refused: 0 } };
    expect(JSON.parse((await send('{}\n', '--json')).stdout)).toEqual({ ...REPORT, refused: 0 });
  });

  it('ends with 66 for a file that is not there, and 64 for none', async () => {
    const missing = await ask('import', '/nonexistent.ndjson');
    expect(missing.status).toBe(66);
    expect(missing.stderr).toContain('file_unreadable');
    expect((await ask('import')).status).toBe(64);
  });
});

describe('muster node', () => {
  it('does each wish, and names the one that cannot be done', async () => {
    const { status, stdout, stderr } = await ask('node', 'retire', 'db1', 'nosuch', 'db2');
    expect(stdout).toBe(
      'db1: retired, its next key is taken at first use\ndb2: retired, its next key is taken at first use\n',
    );
    expect(stderr).toContain('identity_unknown');
    expect(status).toBe(2);
    expect((await ask('node', 'forget', 'nosuch')).status).toBe(1);
  });

  it('has every act', async () => {
    for (const act of ['approve', 'retire', 'restore', 'rebind', 'forget']) {
      expect((await ask('node', act, 'db1')).status).toBe(0);
      expect(service.asked.at(-1)).toMatchObject({ method: 'POST', path: `/v1/admin/nodes/db1/${act}`, body: '{}' });
      expect((await ask('node', act)).status).toBe(64);
    }
    await ask('node', 'approve', 'db1', '--fingerprint', 'SHA256:abc');
    expect(service.lastBody).toEqual({ fingerprint: 'SHA256:abc' });
  });

  it('lists keys that wait, over all pages', async () => {
    const { stdout } = await ask('node', 'pending');
    expect(stdout).toMatch(
      /^NODE +FINGERPRINT +FIRST SEEN +LAST SEEN +STATE\ndb1 .*16m 40s ago +10s ago +pending\ndb2 /,
    );
    expect(JSON.parse((await ask('node', 'pending', '--json')).stdout).keys).toHaveLength(2);
  });
});

describe('muster token', () => {
  it('prints a new token alone on standard output', async () => {
    const { stdout, stderr } = await ask(
      'token',
      'add',
      '--name',
      'deploy',
      '--role',
      'register',
      '--identity',
      'web*',
    );
    expect(service.lastBody).toEqual({ name: 'deploy', role: 'register', identityPattern: 'web*' });
    expect(stdout).toBe('SECRET\n');
    expect(stderr).not.toContain('SECRET');
    await ask('token', 'add', 'deploy', '--role', 'admin');
    expect(service.lastBody).toEqual({ name: 'deploy', role: 'admin' });
  });

  it('wants a name, a role it knows, and the identity that a register token writes', async () => {
    expect((await ask('token', 'add')).status).toBe(64);
    expect((await ask('token', 'add', 'x', '--role', 'king')).status).toBe(64);
    expect((await ask('token', 'add', 'x', '--role', 'register')).stderr).toContain('--identity');
  });

  it('lists and removes', async () => {
    expect((await ask('token', 'list')).stdout).toBe(
      'NAME    ROLE      IDENTITY  MADE\ndeploy  register  web*      2026-09-10\n',
    );
    expect((await ask('token', 'remove', 'deploy')).stdout).toBe('deploy: removed\n');
    expect(service.asked.at(-1)).toMatchObject({ method: 'DELETE', path: '/v1/admin/tokens/deploy' });
  });
});

describe('muster deadletter', () => {
  it('lists, shows and replays', async () => {
    expect((await ask('deadletter', 'list')).stdout).toContain('stomp node=db1  message_expired  The message is old');
    const onTerminal = await call('muster', ['deadletter', 'list'], { url: service.url, terminal: true });
    for (const line of onTerminal.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    const { stdout } = await ask('deadletter', 'show', 'l1');
    expect(stdout).toContain('   remedy: Check the clock\n');
    expect(stdout).toContain('\n\ntwo\nlines\\x1b[2J\n');
    expect((await ask('deadletter', 'replay', 'l1')).stdout).toBe('db1: inserted\n');
    expect((await ask('deadletter', 'show')).status).toBe(64);
  });
});
