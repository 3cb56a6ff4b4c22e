import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory } from '../../core/index.ts';
import { WireError } from '../errors.ts';

/** Bytes of an Ed25519 public key (RFC 8032, 5.1.5). */
export const PUBLIC_KEY_BYTES = 32;
/** Bytes of an Ed25519 signature (RFC 8032, 5.1.6). */
export const SIGNATURE_BYTES = 64;

/** A private key that signs; what it is made of stays inside. */
export interface SigningKey {
  /** The raw public key, base64url without padding: 43 characters. */
  readonly publicKey: string;
  /** The Ed25519 signature over exactly these bytes: 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** Makes a new key, in memory only. */
export function generateSigningKey(): SigningKey {
  return signingKeyOf(generateKeyPairSync('ed25519').privateKey);
}

/**
 * The key kept in a file as PKCS#8 PEM. Where there is none, makes one: written whole and synced under another name
 * first, then linked, so that a crash leaves no half key and two starters at once end up with the same one.
 * @throws WireError `key_unreadable` when others than the owner may read the file, or it holds no Ed25519 key.
 */
export function loadOrCreateSigningKey(file: string): SigningKey {
  return loadSigningKey(file) ?? createSigningKey(file);
}

/**
 * The key kept in a file, undefined where there is no file.
 * @throws WireError `key_unreadable` as {@link loadOrCreateSigningKey}.
 */
export function loadSigningKey(file: string): SigningKey | undefined {
  let pem: string;
  try {
    const { mode } = statSync(file);
    if ((mode & 0o077) !== 0) {
      throw new WireError(
        'key_unreadable',
        `Key file ${file} has mode ${(mode & 0o777).toString(8).padStart(4, '0')}, so others than its owner may use it`,
        { field: file, remedy: `chmod 600 ${file}, and make a new key if somebody may have read this one` },
      );
    }
    pem = readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof WireError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new WireError('key_unreadable', `Cannot read key file ${file}: ${(cause as Error).message}`, {
      field: file,
      cause,
    });
  }
  return keyOfPem(pem, file);
}

function keyOfPem(pem: string, file: string): SigningKey {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // The decoder's own text is left out: it may quote what stands in the file.
    throw new WireError('key_unreadable', `Key file ${file} does not hold a private key in PEM form`, { field: file });
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new WireError(
      'key_unreadable',
      `Key file ${file} holds a key of type ${key.asymmetricKeyType}, not ed25519`,
      {
        field: file,
      },
    );
  }
  return signingKeyOf(key);
}

function createSigningKey(file: string): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const draft = `${file}.${process.pid}.${Date.now()}.new`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const handle = openSync(draft, 'wx', 0o600);
    try {
      writeSync(handle, pem);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    try {
      linkSync(draft, file);
    } finally {
      unlinkSync(draft);
    }
    syncDirectory(dirname(file));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
      const other = loadSigningKey(file);
      if (other !== undefined) return other;
    }
    throw new WireError('key_unreadable', `Cannot make key file ${file}: ${(cause as Error).message}`, {
      field: file,
      cause,
    });
  }
  return signingKeyOf(privateKey);
}

function signingKeyOf(privateKey: KeyObject): SigningKey {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { publicKey: x as string, sign: (bytes) => sign(null, bytes, privateKey) };
}

/** What people compare by eye: `SHA256:` and the base64 of the digest of the raw public key, as ssh-keygen prints. */
export function fingerprint(publicKey: string): string {
  const digest = createHash('sha256').update(Buffer.from(publicKey, 'base64url')).digest('base64');
  return `SHA256:${digest.replace(/=+$/, '')}`;
}
