/** Collects the bytes of one piece up to a bound, and counts the rest. A piece within one chunk is not copied. */
export class PieceBuffer {
  readonly #bytesMax: number;
  #bytes: Uint8Array = EMPTY;
  #held = 0;
  #seen = 0;
  /** False while the bytes are a view into a chunk. */
  #own = false;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes of the piece so far, those beyond the bound too. */
  get seen(): number {
    return this.#seen;
  }

  add(part: Uint8Array): void {
    this.#seen += part.length;
    const kept = part.subarray(0, Math.max(0, this.#bytesMax - this.#held));
    if (kept.length === 0) return;
    if (this.#held === 0) {
      this.#bytes = kept;
      this.#own = false;
    } else {
      this.#makeRoom(this.#held + kept.length);
      this.#bytes.set(kept, this.#held);
    }
    this.#held += kept.length;
  }

  /** The bytes held; the buffer is empty again. */
  take(): Uint8Array {
    const bytes = this.#bytes.subarray(0, this.#held);
    this.#bytes = EMPTY;
    this.#held = 0;
    this.#seen = 0;
    return bytes;
  }

  /** Doubles, so that a piece that comes byte by byte is copied a few times, not once a byte. */
  #makeRoom(needed: number): void {
    if (this.#own && needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.min(this.#bytesMax, Math.max(needed, 2 * this.#held, ROOM_MIN)));
    grown.set(this.#bytes.subarray(0, this.#held));
    this.#bytes = grown;
    this.#own = true;
  }
}

const EMPTY = new Uint8Array(0);
const ROOM_MIN = 4096;
