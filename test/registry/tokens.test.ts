import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTokens, ensureAdminToken, matchesIdentityPattern, type Tokens } from '../../registry/index.ts';
import { type RegistryUnderTest, registryForTest } from './registry-for-test.ts';

let test: RegistryUnderTest;
let tokens: Tokens;
let folder: string;
const admin = 'B'.repeat(43);

beforeAll(async () => {
  test = await registryForTest();
  tokens = createTokens({ records: test.store.records, clock: test.clock, adminToken: admin });
  folder = await mkdtemp(join(tmpdir(), 'muster-token-'));
});
afterAll(async () => {
  await test.dispose();
  await rm(folder, { recursive: true });
});

describe('tokens', () => {
  it('are shown once, kept hashed, and known by their caller', async () => {
    const { token, ...info } = await tokens.add({ name: 'web', role: 'register', identityPattern: 'web*.acme.net' });
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(info).toEqual({
      name: 'web',
      role: 'register',
      identityPattern: 'web*.acme.net',
      created: test.clock.seconds,
    });
    expect(await tokens.verify(token)).toEqual({
      role: 'register',
      callerid: 'token=web',
      identityPattern: 'web*.acme.net',
    });
    expect(JSON.stringify(await test.store.records.list('token'))).not.toContain(token);
    expect(await tokens.list()).toEqual([info]);
  });

  it('that were never made or are no tokens are not known', async () => {
    for (const text of ['', 'x', 'C'.repeat(43), 'D'.repeat(44), '../../etc/passwd', '\0'.repeat(43)]) {
      expect(await tokens.verify(text)).toBeUndefined();
    }
  });

  it('are of no use once removed', async () => {
    const { token } = await tokens.add({ name: 'gone', role: 'read' });
    expect(await tokens.verify(token)).toEqual({ role: 'read', callerid: 'token=gone' });
    expect(await tokens.remove('gone')).toBe(true);
    expect(await tokens.remove('gone')).toBe(false);
    expect(await tokens.verify(token)).toBeUndefined();
  });

  it('of one name made at the same moment are one', async () => {
    const made = await Promise.allSettled(Array.from({ length: 8 }, () => tokens.add({ name: 'twin', role: 'admin' })));
    const kept = made.filter((one) => one.status === 'fulfilled');
    expect(kept).toHaveLength(1);
    expect(await tokens.remove('twin')).toBe(true);
    for (const { value } of kept) expect(await tokens.verify(value.token)).toBeUndefined();
  });

  it('include the local admin token, whose name no other may have', async () => {
    await expect(tokens.add({ name: 'ADMIN', role: 'read' })).rejects.toMatchObject({ field: 'name' });
    expect(await tokens.verify(admin)).toEqual({ role: 'admin', callerid: 'token=admin' });
    await expect(tokens.add({ name: 'admin', role: 'admin' })).rejects.toMatchObject({
      code: 'argument_invalid',
      field: 'name',
    });
  });

  it.each([
    [{ name: 'a b', role: 'read' }, 'name'],
    [{ name: '', role: 'read' }, 'name'],
    [{ name: 'x', role: 'root' }, 'role'],
    [{ name: 'x', role: 'register' }, 'identityPattern'],
    [{ name: 'x', role: 'register', identityPattern: 'a b' }, 'identityPattern'],
    [{ name: 'x', role: 'admin', identityPattern: '*' }, 'identityPattern'],
    [{ name: 'web', role: 'read' }, 'name'],
  ])('%j is no wish: its %s is wrong', async (wish, field) => {
    await expect(tokens.add(wish as Parameters<Tokens['add']>[0])).rejects.toMatchObject({
      code: 'argument_invalid',
      field,
    });
  });
});

describe('a pattern of identities', () => {
  it.each([
    ['db1.acme.net', 'db1.acme.net', true],
    ['DB1.acme.net', 'db1.ACME.net', true],
    ['db1.acme.net', 'db1', false],
    ['db1.acme.net', '*', true],
    ['db1.acme.net', '*.acme.net', true],
    ['acme.net', '*.acme.net', false],
    ['db1.acme.net', 'db*.acme.*', true],
    ['dbxacmexnet', 'db.acme.net', false],
    ['aa', 'a*a*a', false],
    ['aaa', 'a*a*a', true],
    ['ab', 'a*b*b', false],
    [`${'a'.repeat(250)}b`, '*a*a*a*a*a*a*a*a*a*a*a*a*c', false],
  ])('%s by %s: %s', (name, pattern, expected) => {
    expect(matchesIdentityPattern(name, pattern)).toBe(expected);
  });
});

describe('the local admin token', () => {
  it('is made once, whole, for its owner alone, and the same for all who start at once', async () => {
    const file = join(folder, 'new', 'data', 'admin.token');
    const made = await Promise.all(Array.from({ length: 10 }, () => ensureAdminToken(file)));
    expect(new Set(made).size).toBe(1);
    expect(made[0]).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(await readFile(file, 'utf8')).toBe(`${made[0]}\n`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'new', 'data'))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(folder, 'new', 'data'))).toEqual(['admin.token']);
    expect(await ensureAdminToken(file)).toBe(made[0]);
  });

  it('is not used from a file that others may read, that is none, or that is a link', async () => {
    const file = join(folder, 'open.token');
    await writeFile(file, `${admin}\n`, { mode: 0o600 });
    await chmod(file, 0o644);
    await expect(ensureAdminToken(file)).rejects.toMatchObject({ code: 'key_unreadable', remedy: `chmod 600 ${file}` });
    await chmod(file, 0o600);
    expect(await ensureAdminToken(file)).toBe(admin);
    await writeFile(file, 'short\n');
    await expect(ensureAdminToken(file)).rejects.toMatchObject({ code: 'key_unreadable' });
    const linked = join(folder, 'link.token');
    await symlink(file, linked);
    await expect(ensureAdminToken(linked)).rejects.toMatchObject({ code: 'key_unreadable' });
    const directory = join(folder, 'dir.token');
    await mkdir(directory);
    await expect(ensureAdminToken(directory)).rejects.toMatchObject({ code: 'key_unreadable' });
  });
});
