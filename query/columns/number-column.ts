import type { Json } from '../../core/index.ts';
import { type Bits, setBit } from './bits.ts';
import { type ColumnBase, capacityFor } from './column.ts';

/** A column of numbers, mostly different: 8 bytes a row, NaN for no value. */
export class NumberColumn implements ColumnBase {
  readonly kind = 'number';
  readonly arrays = 0;
  rows = 0;
  /** By row; rows at or beyond its length have no value. */
  values: Float64Array;

  constructor(values: Float64Array = new Float64Array(0), rows = 0) {
    this.values = values;
    this.rows = rows;
  }

  get typeRows(): ArrayLike<number> {
    return [this.rows, 0, 0, 0, 0, 0];
  }

  has(row: number): boolean {
    return row < this.values.length && !Number.isNaN(this.values[row]);
  }

  get(row: number): Json | undefined {
    return this.has(row) ? this.values[row] : undefined;
  }

  /** NaN where there is none. */
  number(row: number): number {
    return row < this.values.length ? (this.values[row] as number) : Number.NaN;
  }

  accepts(value: Json): boolean {
    return typeof value === 'number';
  }

  set(row: number, value: Json): boolean {
    if (row >= this.values.length) this.reserve(capacityFor(row + 1));
    const isNew = Number.isNaN(this.values[row]);
    this.values[row] = value as number;
    if (isNew) this.rows += 1;
    return isNew;
  }

  clear(row: number): boolean {
    if (!this.has(row)) return false;
    this.values[row] = Number.NaN;
    this.rows -= 1;
    return true;
  }

  presentInto(bits: Bits): void {
    const end = Math.min(this.values.length, bits.length * 32);
    for (let row = 0; row < end; row++) if (!Number.isNaN(this.values[row])) setBit(bits, row);
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
