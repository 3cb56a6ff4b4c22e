import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Proof that the sender holds the join token, without showing it: hex HMAC-SHA-256 with the token over
 * `key LF senderid LF msgtime`. Bound to the key, so that nobody can enrol another key with an overheard proof.
 */
export function joinProof(token: string, key: string, senderid: string, msgtime: number): string {
  return createHmac('sha256', token).update(`${key}\n${senderid}\n${msgtime}`, 'utf8').digest('hex');
}

/** True where `proof` is the {@link joinProof} of these; compared in constant time. */
export function joinProofMatches(
  proof: string,
  token: string,
  key: string,
  senderid: string,
  msgtime: number,
): boolean {
  const expected = Buffer.from(joinProof(token, key, senderid, msgtime), 'latin1');
  const given = Buffer.from(proof, 'utf8');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
