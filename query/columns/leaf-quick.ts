import type { IdentityKey, Json } from '../../core/index.ts';
import { orInto, setBit } from './bits.ts';
import { MATCHES, MET_SHIFT, UNKNOWN } from './column.ts';
import type { DictionaryColumn } from './dictionary-column.ts';
import type { LeafContext } from './leaf.ts';
import { LeafBits } from './leaf-bits.ts';
import type { Column } from './path-tree.ts';
import { codeOf, type LeafPlan } from './plan.ts';
import type { Table } from './table.ts';
import { TYPE_BITS } from './values.ts';

/*
 * The short ways of a leaf: equality on a column of few values is one kept set, a name in a list is one kept set, an
 * identity is found by its index. They hold where nothing but the path's own column concerns the leaf.
 */

/** Values of an `$in` that are looked up one by one; more are scanned for. */
const LOOKUPS_MAX = 16;

/** The leaf by a short way; undefined where there is none. */
export function quickLeaf(plan: LeafPlan, column: Column | undefined, context: LeafContext): LeafBits | undefined {
  const { table, pool } = context;
  // Nobody has the path.
  if (column === undefined) return new LeafBits(pool, plan.absent);
  if ((plan.absent & MATCHES) !== 0) return undefined;
  if (plan.segments.length === 1 && plan.segments[0] === 'identity') return byIdentity(plan, context);
  if (plan.equals === undefined || plan.equals.length > LOOKUPS_MAX) return undefined;
  if (column.kind === 'dictionary') {
    return column.pinned ? inList(plan, column, context) : equalInDictionary(plan, column, context);
  }
  if (column.kind === 'text' && !meetsOthers(plan, column)) {
    const result = begin(plan, column, table, context);
    column.forEachEqual(plan.equals, (row) => setBit(result.matched, row));
    return result;
  }
  return undefined;
}

/** A result that says nothing matches, and who is unknown. */
function begin(plan: LeafPlan, column: Column, table: Table, context: LeafContext): LeafBits {
  const result = new LeafBits(context.pool, 0);
  if ((plan.absent & UNKNOWN) === 0 || column.rows === table.book.used) return result;
  const unknown = context.pool.take();
  if (column.kind === 'dictionary') unknown.set(column.rowsWith(0));
  else {
    unknown.fill(0);
    column.presentInto(unknown);
    for (let i = 0; i < unknown.length; i++) unknown[i] = ~(unknown[i] as number);
  }
  result.unknown = unknown;
  return result;
}

/** True where the column holds arrays, or values of a type that was not asked for. */
function meetsOthers(plan: LeafPlan, column: Column): boolean {
  const rows = column.typeRows;
  const expected = plan.asked | TYPE_BITS.null;
  for (let place = 0; place < rows.length; place++) {
    if ((rows[place] as number) > 0 && (1 << place === TYPE_BITS.array || (expected & (1 << place)) === 0)) return true;
  }
  return false;
}

function equalInDictionary(plan: LeafPlan, column: DictionaryColumn, context: LeafContext): LeafBits | undefined {
  if (meetsOthers(plan, column)) return undefined;
  const result = begin(plan, column, context.table, context);
  for (const value of plan.equals as readonly Json[]) {
    const id = column.dictionary.find(value);
    if (id !== 0) orInto(result.matched, column.rowsWith(id));
  }
  return result;
}

function inList(plan: LeafPlan, column: DictionaryColumn, context: LeafContext): LeafBits | undefined {
  const values = plan.equals as readonly Json[];
  if (plan.asked !== TYPE_BITS.string || column.arrays !== column.rows) return undefined;
  const result = begin(plan, column, context.table, context);
  for (const value of values) orInto(result.matched, column.rowsWithElement(value as string));
  for (const id of column.textless) {
    const types = codeOf(plan, column.dictionary.values[id] as Json, []) >>> MET_SHIFT;
    for (let place = 0; types >>> place !== 0; place++) {
      if ((types & (1 << place)) !== 0) orInto(result.metBits(place), column.rowsWith(id));
    }
  }
  return result;
}

function byIdentity(plan: LeafPlan, context: LeafContext): LeafBits | undefined {
  const texts = plan.pattern?.literal?.kind === 'equals' ? plan.pattern.literal.texts : plan.equals;
  if (texts === undefined || plan.asked !== TYPE_BITS.string) return undefined;
  const { book } = context.table;
  const result = new LeafBits(context.pool, 0);
  for (const text of texts) {
    const row = typeof text === 'string' ? book.find(text.toLowerCase() as IdentityKey) : undefined;
    const identity = row === undefined ? undefined : book.identities[row];
    if (identity !== undefined && (codeOf(plan, identity, []) & MATCHES) !== 0) setBit(result.matched, row as number);
  }
  return result;
}
