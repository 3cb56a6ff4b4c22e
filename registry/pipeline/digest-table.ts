import { hash as sha256 } from 'node:crypto';

/** 2^17 places of 64 bytes: 8 MiB, room for a fleet of 100,000. */
const PLACES_MAX = 131_072;
const HASH_BYTES = 32;

/**
 * Remembers the digest of content texts. A node writes its facts in the same order each time, so the hash of the text
 * as it came finds the digest of its canonical form, which costs four times as much to make. A place that another text
 * needs is overwritten: fixed memory, nothing to clean.
 */
export class DigestTable {
  readonly #places: number;
  readonly #table: Uint8Array;

  /** @param places how many, a power of two; the memory is taken by the system as it is written. */
  constructor(places = PLACES_MAX) {
    this.#places = places;
    this.#table = new Uint8Array(places * HASH_BYTES * 2);
  }

  /** The digest known for this text, or what `make` gives (64 hex digits), kept for the next time. */
  digest(text: string, make: () => string): string {
    const hash = sha256('sha256', text, 'buffer');
    const at = (hash.readUInt32LE(0) & (this.#places - 1)) * HASH_BYTES * 2;
    const known = Buffer.from(this.#table.buffer, at, HASH_BYTES * 2);
    if (hash.equals(known.subarray(0, HASH_BYTES))) return known.toString('hex', HASH_BYTES);
    const digest = make();
    hash.copy(known);
    known.write(digest, HASH_BYTES, 'hex');
    return digest;
  }
}
