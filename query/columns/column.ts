import type { Json } from '../../core/index.ts';
import type { Bits } from './bits.ts';

/*
 * A column holds the value of one path at each row. There are four kinds, and a column changes its kind as its values
 * do: sparse (few rows have it), dictionary (few distinct values), number (nearly all numbers, mostly different), text (many
 * distinct values of any type, kept as bytes).
 */

/** What every kind of column can. */
export interface ColumnBase {
  /** Rows that have a value. */
  readonly rows: number;
  /** Rows that have an array. */
  readonly arrays: number;
  /** Rows by the place of their value's type bit (values.ts). */
  readonly typeRows: ArrayLike<number>;
  has(row: number): boolean;
  get(row: number): Json | undefined;
  /** Gives the row a value. True where it had none. */
  set(row: number, value: Json): boolean;
  /** Takes the row's value away. True where it had one. */
  clear(row: number): boolean;
  /** Adds the rows that have a value to a set. */
  presentInto(bits: Bits): void;
  /** Room for more rows, ahead of need. */
  reserve(capacity: number): void;
  /** Rows it has room for. */
  readonly capacity: number;
  /** Bytes of its arrays, as far as they are counted. */
  readonly bytes: number;
}

/**
 * What a test says of one value: bit 0 it holds by MongoDB's rule, bit 1 it is unknown, bits 2 to 7 the types met that
 * were not asked for (values.ts, TYPE_BITS).
 */
export type Code = number;

/** Bits of a {@link Code}. */
export const MATCHES = 1;
export const UNKNOWN = 2;
export const MET_SHIFT = 2;

/** Capacity of a column in rows, in steps that double. */
export function capacityFor(rows: number): number {
  let capacity = CAPACITY_MIN;
  while (capacity < rows) capacity *= 2;
  return capacity;
}

const CAPACITY_MIN = 256;
