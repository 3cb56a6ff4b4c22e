import type { Bits } from './bits.ts';

/*
 * Sets of rows that columns keep up to date on every write: rows without a value, rows of one value, rows whose list
 * holds a name. Made when first asked for, dropped when the bytes of all are over the bound and they were not used since
 * the last round (second chance).
 */

/** A kept set. Its column writes to `bits` as rows change. */
export interface KeptSet {
  readonly bits: Bits;
  used: boolean;
  readonly forget: () => void;
}

/** All kept sets of a table. */
export class SetCache {
  readonly #bytesMax: number;
  #queue: KeptSet[] = [];
  /** Bytes of the sets kept. */
  bytes = 0;
  /** Words of a set; those who make one take this length. */
  words: number;

  constructor(words: number, bytesMax: number) {
    this.words = words;
    this.#bytesMax = bytesMax;
  }

  /** Keeps a set; `forget` is called when it is dropped. */
  keep(bits: Bits, forget: () => void): KeptSet {
    const kept: KeptSet = { bits, used: true, forget };
    this.#queue.push(kept);
    this.bytes += bits.byteLength;
    if (this.bytes > this.#bytesMax) this.#makeRoom(kept);
    return kept;
  }

  /** Drops every set; they are made again at the new length. */
  resize(words: number): void {
    this.words = words;
    const all = this.#queue;
    this.#queue = [];
    this.bytes = 0;
    for (const kept of all) kept.forget();
  }

  #makeRoom(newest: KeptSet): void {
    const staying: KeptSet[] = [];
    for (const kept of this.#queue) {
      if (this.bytes > this.#bytesMax && !kept.used) {
        this.bytes -= kept.bits.byteLength;
        kept.forget();
      } else {
        kept.used = kept === newest;
        staying.push(kept);
      }
    }
    // All were used since: the oldest go.
    while (this.bytes > this.#bytesMax && staying.length > 1) {
      const oldest = staying.shift() as KeptSet;
      this.bytes -= oldest.bits.byteLength;
      oldest.forget();
    }
    this.#queue = staying;
  }
}
