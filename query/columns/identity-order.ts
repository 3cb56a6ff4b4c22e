import type { IdentityKey } from '../../core/index.ts';

/*
 * Rows in the order of identity (code units of the lower-case form). New rows wait aside and are merged when somebody
 * pages through many; rows that left stay in the order, marked, until then, and are not given out again before.
 */

/** The order in which pages are given. */
export class IdentityOrder {
  readonly #keyOf: (row: number) => IdentityKey;
  #rows = new Uint32Array(0);
  #length = 0;
  #added: number[] = [];
  #removed = new Set<number>();

  constructor(keyOf: (row: number) => IdentityKey) {
    this.#keyOf = keyOf;
  }

  /** A row came. */
  add(row: number): void {
    this.#added.push(row);
  }

  /** A row leaves; it may be used again once {@link settle} has given it. */
  remove(row: number): void {
    this.#removed.add(row);
  }

  /** Rows that wait to be merged or left out. */
  get unsettled(): number {
    return this.#added.length + this.#removed.size;
  }

  /** Merges what came and leaves out what went. Gives the rows that may be used again. */
  settle(): readonly number[] {
    if (this.#added.length === 0 && this.#removed.size === 0) return [];
    const removed = this.#removed;
    const added = this.#added.filter((row) => !removed.has(row)).sort((a, b) => this.compare(a, b));
    const before = removed.size === 0 ? this.#rows.subarray(0, this.#length) : this.#without(removed);
    const rows = new Uint32Array(before.length + added.length);
    let from = 0;
    let to = 0;
    for (const row of added) {
      // What stands before it moves as a block.
      const at = this.#placeOf(before, row, from);
      rows.set(before.subarray(from, at), to);
      to += at - from;
      rows[to++] = row;
      from = at;
    }
    rows.set(before.subarray(from), to);
    this.#rows = rows;
    this.#length = rows.length;
    this.#added = [];
    this.#removed = new Set();
    return [...removed];
  }

  #without(removed: ReadonlySet<number>): Uint32Array {
    return this.#rows.subarray(0, this.#length).filter((row) => !removed.has(row));
  }

  /** Where a row belongs in an order, at or after a place. */
  #placeOf(rows: Uint32Array, row: number, from: number): number {
    let low = from;
    let high = rows.length;
    // Most come after all, as a scan gives them.
    if (high > low && this.compare(rows[high - 1] as number, row) < 0) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compare(rows[middle] as number, row) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The settled order: rows, of which the first `length` count. Settles first. */
  settled(): { readonly rows: Uint32Array; readonly length: number; readonly freed: readonly number[] } {
    const freed = this.settle();
    return { rows: this.#rows, length: this.#length, freed };
  }

  /** Begins with an order known already, as from a snapshot. */
  restore(rows: Uint32Array<ArrayBuffer>): void {
    this.#rows = rows;
    this.#length = rows.length;
  }

  /** Order of two rows. */
  compare(a: number, b: number): number {
    const x = this.#keyOf(a);
    const y = this.#keyOf(b);
    return x < y ? -1 : x > y ? 1 : 0;
  }

  /** The place in the settled order of the first row after a key. */
  placeAfter(key: string): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keyOf(this.#rows[middle] as number) <= key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
