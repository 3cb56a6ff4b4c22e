import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../core/index.ts';
import {
  fingerprint,
  generateSigningKey,
  loadOrCreateSigningKey,
  loadSigningKey,
  WireError,
} from '../../../wire/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'muster-key-'));
afterAll(() => rmSync(folder, { recursive: true }));

function codeOf(work: () => unknown): ErrorCode | undefined {
  try {
    work();
  } catch (error) {
    return error instanceof WireError ? error.code : undefined;
  }
  return undefined;
}

describe('a signing key in a file', () => {
  it('is made once with mode 0600, in a folder made for it, and is the same ever after', () => {
    const file = join(folder, 'new', 'node.key');
    expect(loadSigningKey(file)).toBeUndefined();
    const made = loadOrCreateSigningKey(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(loadOrCreateSigningKey(file).publicKey).toBe(made.publicKey);
    expect(loadSigningKey(file)?.publicKey).toBe(made.publicKey);
    expect(readdirSync(join(folder, 'new'))).toEqual(['node.key']);
    expect(Buffer.from(made.publicKey, 'base64url').length).toBe(32);
  });

  it('is refused when others may read or write the file', () => {
    const file = join(folder, 'open.key');
    loadOrCreateSigningKey(file);
    for (const mode of [0o640, 0o604, 0o620, 0o601]) {
      chmodSync(file, mode);
      expect(codeOf(() => loadOrCreateSigningKey(file))).toBe('key_unreadable');
    }
  });

  it('is never replaced when the file holds something else', () => {
    const file = join(folder, 'other.key');
    writeFileSync(file, 'my diary', { mode: 0o600 });
    expect(codeOf(() => loadOrCreateSigningKey(file))).toBe('key_unreadable');
    expect(readFileSync(file, 'utf8')).toBe('my diary');
    expect(codeOf(() => loadOrCreateSigningKey(folder))).toBe('key_unreadable');
  });

  it('is refused when it is of another kind', () => {
    const file = join(folder, 'rsa.key');
    const made = spawnSync(process.execPath, [
      '-e',
      "process.stdout.write(crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }))",
    ]);
    writeFileSync(file, made.stdout, { mode: 0o600 });
    expect(codeOf(() => loadOrCreateSigningKey(file))).toBe('key_unreadable');
  });

  it('cannot be made where the folder cannot be', () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    expect(codeOf(() => loadOrCreateSigningKey(join(file, 'node.key')))).toBe('key_unreadable');
  });
});

describe('a fingerprint', () => {
  it('tells keys apart and reads as ssh-keygen prints them', () => {
    const one = generateSigningKey();
    expect(fingerprint(one.publicKey)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    expect(fingerprint(one.publicKey)).not.toBe(fingerprint(generateSigningKey().publicKey));
  });
});
