import { type BitPool, type Bits, hasBit, putBit, setBit } from './bits.ts';
import { type Code, MATCHES, MET_SHIFT, UNKNOWN } from './column.ts';

const TYPES = 6;

/** What a leaf says of every row: matched by MongoDB's rule, unknown, and which types it met that were not asked for. */
export class LeafBits {
  /** Owned; given to the pool by whoever combines it. */
  readonly matched: Bits;
  /** Owned; undefined where nothing is unknown. */
  unknown: Bits | undefined;
  /** By the place of the type's bit. */
  readonly met: (Bits | undefined)[] = [];
  readonly #pool: BitPool;

  constructor(pool: BitPool, absent: Code) {
    this.#pool = pool;
    this.matched = pool.take().fill((absent & MATCHES) === 0 ? 0 : -1);
    this.unknown = (absent & UNKNOWN) === 0 ? undefined : pool.take().fill(-1);
  }

  /** Sets what is said of one row. */
  put(row: number, code: Code): void {
    putBit(this.matched, row, (code & MATCHES) !== 0);
    const unknown = (code & UNKNOWN) !== 0;
    if (this.unknown === undefined && unknown) this.unknown = this.#pool.takeEmpty();
    if (this.unknown !== undefined) putBit(this.unknown, row, unknown);
    const types = code >>> MET_SHIFT;
    if (types !== 0 || this.met.length > 0) this.putTypes(row, code);
  }

  /** Sets the same for every row of a set. */
  putAll(rows: Bits, code: Code): void {
    const { matched, unknown } = this;
    const matches = (code & MATCHES) !== 0 ? -1 : 0;
    for (let i = 0; i < matched.length; i++) {
      const word = rows[i] as number;
      if (word === 0) continue;
      matched[i] = ((matched[i] as number) & ~word) | (word & matches);
      if (unknown !== undefined) unknown[i] = (unknown[i] as number) & ~word;
    }
    for (let place = 0; place < TYPES; place++) {
      if (((code >>> MET_SHIFT) & (1 << place)) === 0) continue;
      const bits = this.metBits(place);
      for (let i = 0; i < bits.length; i++) bits[i] = (bits[i] as number) | (rows[i] as number);
    }
  }

  /** Sets the types met at one row. */
  putTypes(row: number, code: Code): void {
    const types = code >>> MET_SHIFT;
    for (let place = 0; place < TYPES; place++) {
      if ((types & (1 << place)) !== 0) setBit(this.metBits(place), row);
      else if (this.met[place] !== undefined && hasBit(this.met[place] as Bits, row)) {
        putBit(this.met[place] as Bits, row, false);
      }
    }
  }

  /** The rows that met a type; made where there are none yet. */
  metBits(place: number): Bits {
    let bits = this.met[place];
    if (bits === undefined) {
      bits = this.#pool.takeEmpty();
      this.met[place] = bits;
    }
    return bits;
  }

  /** Gives every set back. */
  release(): void {
    this.#pool.give(this.matched);
    if (this.unknown !== undefined) this.#pool.give(this.unknown);
    this.releaseMet();
  }

  /** Gives the sets of types back. */
  releaseMet(): void {
    for (const bits of this.met) if (bits !== undefined) this.#pool.give(bits);
    this.met.length = 0;
  }
}
