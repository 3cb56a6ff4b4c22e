import { DictionaryColumn } from './dictionary-column.ts';
import { NumberColumn } from './number-column.ts';
import type { Column } from './path-tree.ts';
import type { SetCache } from './set-cache.ts';
import type { SparseColumn } from './sparse-column.ts';
import { TextColumn } from './text-column.ts';

/*
 * When a column asks for another kind, and what it becomes.
 */

/** Rows with a value from which a column is not sparse any more, and the least share of all rows (1/n). */
const DENSE_ROWS_MIN = 64;
const DENSE_SHARE = 32;

/** True where so many rows have a value that a sparse column should be a dictionary. */
export function isDense(column: SparseColumn, used: number): boolean {
  return column.rows >= DENSE_ROWS_MIN && column.rows * DENSE_SHARE >= used;
}

/** A dictionary column of what a sparse one holds. */
export function densified(sparse: SparseColumn, cache: SetCache, capacity: number): DictionaryColumn {
  const column = new DictionaryColumn(cache);
  column.reserve(capacity);
  for (const [row, value] of sparse.entries()) column.set(row, value);
  return column;
}

function asText(column: Column, end: number): TextColumn {
  const text = new TextColumn();
  text.reserve(column.capacity);
  for (let row = 0; row < end; row++) {
    const value = column.get(row);
    if (value !== undefined) text.set(row, value);
  }
  return text;
}

/** What a column of too many different values, or of numbers that are none, becomes. */
export function varied(column: DictionaryColumn | NumberColumn, end: number): NumberColumn | TextColumn {
  const onlyNumbers = column.kind === 'dictionary' && (column.typeRows[0] as number) === column.rows;
  if (!onlyNumbers) return asText(column, end);
  const numbers = new NumberColumn();
  numbers.reserve(column.capacity);
  for (let row = 0; row < end; row++) {
    const value = column.get(row);
    if (value !== undefined) numbers.set(row, value);
  }
  return numbers;
}
