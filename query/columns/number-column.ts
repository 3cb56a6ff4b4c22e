import type { Json } from '../../core/index.ts';
import { type Bits, setBit } from './bits.ts';
import { type ColumnBase, capacityFor } from './column.ts';
import { typeBit } from './values.ts';

/** Values that are no numbers beyond which a column becomes a text column: at least so many, and one in so many. */
const OTHERS_MIN = 1_024;
const OTHERS_SHARE = 16;

/** A column of numbers, mostly different: 8 bytes a row, NaN for none. The few that are no numbers stand beside. */
export class NumberColumn implements ColumnBase {
  readonly kind = 'number';
  /** By row; rows at or beyond its length have no number. */
  values: Float64Array;
  readonly others: Map<number, Json>;
  #numbers: number;

  constructor(values: Float64Array = new Float64Array(0), numbers = 0, others = new Map<number, Json>()) {
    this.values = values;
    this.#numbers = numbers;
    this.others = others;
  }

  get rows(): number {
    return this.#numbers + this.others.size;
  }

  /** Rows that have a number. */
  get numbers(): number {
    return this.#numbers;
  }

  get arrays(): number {
    return this.others.size === 0 ? 0 : (this.typeRows[4] as number);
  }

  get typeRows(): ArrayLike<number> {
    const rows = [this.#numbers, 0, 0, 0, 0, 0];
    for (const value of this.others.values()) {
      const place = 31 - Math.clz32(typeBit(value));
      rows[place] = (rows[place] as number) + 1;
    }
    return rows;
  }

  /** True once too many values are no numbers: it should become a text column. */
  get tooVaried(): boolean {
    return this.others.size > OTHERS_MIN && this.others.size * OTHERS_SHARE > this.#numbers;
  }

  has(row: number): boolean {
    return !Number.isNaN(this.number(row)) || (this.others.size > 0 && this.others.has(row));
  }

  get(row: number): Json | undefined {
    const value = this.number(row);
    if (!Number.isNaN(value)) return value;
    return this.others.size === 0 ? undefined : this.others.get(row);
  }

  /** NaN where there is none. */
  number(row: number): number {
    return row < this.values.length ? (this.values[row] as number) : Number.NaN;
  }

  set(row: number, value: Json): boolean {
    if (row >= this.values.length) this.reserve(capacityFor(row + 1));
    if (typeof value !== 'number') {
      const isNew = !this.clear(row);
      this.others.set(row, value);
      return isNew;
    }
    const wasOther = this.others.size > 0 && this.others.delete(row);
    const isNew = Number.isNaN(this.values[row]);
    this.values[row] = value;
    if (isNew) this.#numbers += 1;
    return isNew && !wasOther;
  }

  clear(row: number): boolean {
    if (this.others.size > 0 && this.others.delete(row)) return true;
    if (Number.isNaN(this.number(row))) return false;
    this.values[row] = Number.NaN;
    this.#numbers -= 1;
    return true;
  }

  presentInto(bits: Bits): void {
    const end = Math.min(this.values.length, bits.length * 32);
    for (let row = 0; row < end; row++) if (!Number.isNaN(this.values[row])) setBit(bits, row);
    for (const row of this.others.keys()) setBit(bits, row);
  }

  reserve(capacity: number): void {
    if (capacity <= this.values.length) return;
    const larger = new Float64Array(capacity);
    larger.set(this.values);
    larger.fill(Number.NaN, this.values.length);
    this.values = larger;
  }

  get capacity(): number {
    return this.values.length;
  }

  get bytes(): number {
    return this.values.byteLength;
  }
}
