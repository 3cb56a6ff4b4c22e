import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { SigningKey } from '../../wire/index.ts';

/** What stands before the 32 secret bytes of an Ed25519 key in PKCS#8 (RFC 8410, 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * The key of a simulated node: the same for the same seed and identity, so that a second simulation speaks for the same
 * nodes. Worth nothing as a secret.
 */
export function simulatedKey(seed: number, identity: string): SigningKey {
  const secret = createHash('sha256').update(`muster-simulation\n${seed}\n${identity}`).digest();
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, secret]), format: 'der', type: 'pkcs8' });
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { publicKey: x as string, sign: (bytes) => sign(null, bytes, privateKey) };
}
