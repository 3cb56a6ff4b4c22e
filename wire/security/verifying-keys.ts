import { createPublicKey, type KeyObject } from 'node:crypto';
import { canonicalBytes } from './base64url.ts';
import { PUBLIC_KEY_BYTES } from './signing-key.ts';

/** Key objects kept ready; making one costs about as much as a verification. The oldest go first. */
export const VERIFYING_KEYS_MAX = 20_000;

/** The fixed head of a SubjectPublicKeyInfo of an Ed25519 key (RFC 8410, 4). */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

const cache = new Map<string, KeyObject>();

/** The key object of a base64url public key, undefined where the text is not one. */
export function verifyingKey(publicKey: string): KeyObject | undefined {
  const known = cache.get(publicKey);
  if (known !== undefined) return known;
  const raw = canonicalBytes(publicKey, PUBLIC_KEY_BYTES);
  if (raw === undefined) return undefined;
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
  if (cache.size >= VERIFYING_KEYS_MAX) cache.delete(cache.keys().next().value as string);
  cache.set(publicKey, key);
  return key;
}
