import { hash as sha256 } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** 2^17 places of 68 bytes: 9 MiB, room for a fleet of 100,000. */
const PLACES_MAX = 131_072;
const HASH_BYTES = 32;
const PAIR_BYTES = HASH_BYTES * 2;
const PLACE_BYTES = PAIR_BYTES + 4;

/** Memory of a {@link DigestTable} that several threads use. */
export function digestMemory(places = PLACES_MAX): SharedArrayBuffer {
  return new SharedArrayBuffer(places * PLACE_BYTES);
}

/**
 * Remembers the digest of content texts. A node writes its facts in the same order each time, so the hash of the text
 * as it came finds the digest of its canonical form, which costs several times as much to make. A place that another
 * text needs is overwritten: fixed memory, nothing to clean. Threads share it without locks: a place carries a checksum,
 * and one that two of them wrote at once, or that is read half written, is taken for unknown.
 */
export class DigestTable {
  readonly #places: number;
  readonly #table: Buffer;

  /** @param memory of {@link digestMemory}, a power of two of places; the system takes it as it is written. */
  constructor(memory: SharedArrayBuffer = digestMemory()) {
    this.#places = memory.byteLength / PLACE_BYTES;
    this.#table = Buffer.from(memory);
  }

  /** The digest known for this text, or what `make` gives (64 hex digits), kept for the next time. */
  digest(text: string, make: () => string): string {
    const hash = sha256('sha256', text, 'buffer');
    const at = (hash.readUInt32LE(0) & (this.#places - 1)) * PLACE_BYTES;
    if (this.#table.compare(hash, 0, HASH_BYTES, at, at + HASH_BYTES) === 0) {
      // A copy first: what the checksum is taken of must be what is used.
      const place = Buffer.from(this.#table.subarray(at, at + PLACE_BYTES));
      const sound = crc32(place.subarray(0, PAIR_BYTES)) === place.readUInt32LE(PAIR_BYTES);
      if (sound && hash.equals(place.subarray(0, HASH_BYTES))) return place.toString('hex', HASH_BYTES, PAIR_BYTES);
    }
    const digest = make();
    const place = Buffer.allocUnsafe(PLACE_BYTES);
    hash.copy(place);
    place.write(digest, HASH_BYTES, 'hex');
    place.writeUInt32LE(crc32(place.subarray(0, PAIR_BYTES)), PAIR_BYTES);
    place.copy(this.#table, at);
    return digest;
  }
}
