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
    const before = this.#rows;
    const needed = this.#length + added.length;
    const rows = new Uint32Array(needed);
    let to = 0;
    let next = 0;
    for (let i = 0; i < this.#length; i++) {
      const row = before[i] as number;
      if (removed.size > 0 && removed.has(row)) continue;
      while (next < added.length && this.compare(added[next] as number, row) < 0) rows[to++] = added[next++] as number;
      rows[to++] = row;
    }
    while (next < added.length) rows[to++] = added[next++] as number;
    this.#rows = rows;
    this.#length = to;
    this.#added = [];
    this.#removed = new Set();
    return [...removed];
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
