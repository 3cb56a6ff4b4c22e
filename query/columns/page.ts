import type { IdentityKey } from '../../core/index.ts';
import { type Bits, forEachBit, hasBit } from './bits.ts';
import type { Table } from './table.ts';

/** Rows of one page, in the order of identity. */
export interface Page {
  readonly rows: readonly number[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

/** Matches up to which a page is sorted for itself; beyond, the order of all nodes is walked. */
const SORTED_MAX = 64;

/** The first nodes of a set after an identity. `count` is how many the set has. */
export function pageOf(table: Table, matched: Bits, count: number, first: number, after: string | undefined): Page {
  const key = after?.toLowerCase();
  if (count === 0 || (first === 0 && key === undefined)) {
    return { rows: [], hasNextPage: first === 0 && count > 0, hasPreviousPage: false };
  }
  return count <= SORTED_MAX ? sortedPage(table, matched, first, key) : walkedPage(table, matched, first, key);
}

function sortedPage(table: Table, matched: Bits, first: number, key: string | undefined): Page {
  const { book } = table;
  const rows: number[] = [];
  let before = false;
  forEachBit(matched, (row) => {
    if (key === undefined || (book.keys[row] as IdentityKey) > key) rows.push(row);
    else before = true;
  });
  rows.sort((a, b) => book.order.compare(a, b));
  return { rows: rows.slice(0, first), hasNextPage: rows.length > first, hasPreviousPage: before };
}

function walkedPage(table: Table, matched: Bits, first: number, key: string | undefined): Page {
  const { rows: order, length } = table.book.settled();
  const from = key === undefined ? 0 : table.book.order.placeAfter(key);
  const rows: number[] = [];
  let hasNextPage = false;
  for (let i = from; i < length; i++) {
    const row = order[i] as number;
    if (!hasBit(matched, row)) continue;
    if (rows.length === first) {
      hasNextPage = true;
      break;
    }
    rows.push(row);
  }
  let hasPreviousPage = false;
  for (let i = 0; i < from && !hasPreviousPage; i++) hasPreviousPage = hasBit(matched, order[i] as number);
  return { rows, hasNextPage, hasPreviousPage };
}
