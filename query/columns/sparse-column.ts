import type { Json } from '../../core/index.ts';
import { type Bits, setBit } from './bits.ts';
import type { ColumnBase } from './column.ts';
import { typeBit } from './values.ts';

/** A column that few rows have: values by row. */
export class SparseColumn implements ColumnBase {
  readonly kind = 'sparse';
  readonly #values = new Map<number, Json>();

  get arrays(): number {
    return this.typeRows[4] as number;
  }

  get typeRows(): ArrayLike<number> {
    const rows = [0, 0, 0, 0, 0, 0];
    for (const value of this.#values.values()) {
      const place = 31 - Math.clz32(typeBit(value));
      rows[place] = (rows[place] as number) + 1;
    }
    return rows;
  }

  get rows(): number {
    return this.#values.size;
  }

  /** Rows and values, in no order. */
  entries(): IterableIterator<[number, Json]> {
    return this.#values.entries();
  }

  has(row: number): boolean {
    return this.#values.has(row);
  }

  get(row: number): Json | undefined {
    return this.#values.get(row);
  }

  set(row: number, value: Json): boolean {
    const isNew = !this.#values.has(row);
    this.#values.set(row, value);
    return isNew;
  }

  clear(row: number): boolean {
    return this.#values.delete(row);
  }

  presentInto(bits: Bits): void {
    for (const row of this.#values.keys()) setBit(bits, row);
  }

  reserve(): void {}

  get capacity(): number {
    return Number.MAX_SAFE_INTEGER;
  }

  get bytes(): number {
    return this.#values.size * SPARSE_ENTRY_BYTES;
  }
}

/** About what an entry of a Map with a small value takes. */
const SPARSE_ENTRY_BYTES = 48;
