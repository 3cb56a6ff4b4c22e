import { canonicalJson, type Identity, isJsonObject, type Json, type NodeDocument, valueAt } from '../../core/index.ts';
import { isPattern } from '../language/index.ts';
import { assemble } from './assemble.ts';
import { type BitPool, forEachBit, hasBit } from './bits.ts';
import type { Code } from './column.ts';
import { LeafBits } from './leaf-bits.ts';
import { quickLeaf } from './leaf-quick.ts';
import { Overflow } from './overflow.ts';
import type { Pace, Sliced } from './pace.ts';
import type { Column, PathNode, ResolvedPath } from './path-tree.ts';
import { codeOf, type LeafPlan } from './plan.ts';
import { scanColumn } from './scan.ts';
import type { Table } from './table.ts';

/*
 * One leaf on every row. At each row the path leads to exactly one of: its own column; an array in a column above it; an
 * object, whose members stand in columns below it; values beside the columns; or nothing. Each part is evaluated by
 * itself and put over what is said of nothing.
 */

/** What the evaluation of leaves works with. */
export interface LeafContext {
  readonly table: Table;
  readonly pool: BitPool;
  readonly pace: Pace;
  /** Whole documents, for the few questions that columns cannot tell: is this object equal, key order counted. */
  readonly read: (identities: readonly Identity[]) => Promise<readonly (NodeDocument | undefined)[]>;
  /** Makes writes wait; resolves when none goes on, with what lets them go on. */
  readonly hold: () => Promise<() => void>;
  /** Counts and says once in a while that a question had to leave the columns. */
  readonly fellBack: (what: 'overflow' | 'documents', rows: number) => void;
  /** True where retired nodes may come as rows: else no document of theirs is read. */
  readonly retiredToo: boolean;
}

const NOTHING: readonly string[] = Object.freeze([]);
/** Documents read at once for a question about objects. */
const DOCUMENTS_SLICE = 256;
/** Rows between two looks at the clock where a row is cheap. */
const ROWS_BETWEEN_LOOKS = 64;

/** Evaluates a leaf on every row. */
export function* evaluateLeaf(plan: LeafPlan, context: LeafContext): Sliced<LeafBits> {
  const { table } = context;
  const path = table.tree.resolveCoded(plan.segments);
  const beside = table.overflow.mayConcern(plan.segments);
  const above = path.above.filter(({ node }) => (node.column as Column).arrays > 0);
  const hasObjects = path.node !== undefined && path.node.children.size > 0;
  const quick = quickLeaf(plan, path.node?.column, context);
  if (quick !== undefined && !beside && above.length === 0 && !hasObjects) return quick;
  quick?.release();
  const result = new LeafBits(context.pool, plan.absent);
  const column = path.node?.column;
  if (column !== undefined) yield* scanColumn(plan, column, NOTHING, result, context);
  for (const { node, rest } of above) yield* scanColumn(plan, node.column as Column, rest, result, context);
  if (hasObjects) yield* scanObjects(plan, path, result, context);
  if (beside) yield* scanBeside(plan, path, result, context);
  return result;
}

/** What a leaf says of one row: the same as {@link evaluateLeaf}, for rows that were written meanwhile. */
export function leafAt(plan: LeafPlan, table: Table, row: number): Code {
  const path = table.tree.resolveCoded(plan.segments);
  const own = path.node?.column?.get(row);
  if (own !== undefined) return codeOf(plan, own, NOTHING);
  for (const { node, rest } of path.above) {
    const value = (node.column as Column).get(row);
    if (value !== undefined) return Array.isArray(value) ? codeOf(plan, value, rest) : plan.absent;
  }
  const values = table.overflow.of(row);
  const beside = values === undefined ? undefined : Overflow.at(values, plan.segments);
  if (beside !== undefined && (beside.rest.length > 0 || !isJsonObject(beside.value))) {
    return codeOf(plan, beside.value, beside.rest);
  }
  if (beside === undefined && (path.node === undefined || !table.hasBelow(path.node, row))) return plan.absent;
  return codeOf(plan, plan.compiled.readsObjects ? (assemble(table, path, row, false) ?? {}) : {}, NOTHING);
}

function* scanObjects(plan: LeafPlan, path: ResolvedPath, result: LeafBits, context: LeafContext): Sliced<void> {
  const { table, pool, pace } = context;
  const node = path.node as PathNode;
  const objects = pool.takeEmpty();
  let all = false;
  for (const dense of table.tree.denseUnder(node)) {
    const column = dense.column as Column;
    if (dense === node) continue;
    // A member that every node has makes it an object everywhere.
    if (column.rows === table.book.used) {
      objects.fill(-1);
      all = true;
      break;
    }
    column.presentInto(objects);
    if (pace.due()) yield;
  }
  if (!all) for (const sparse of table.tree.sparseUnder(node)) if (sparse !== node) sparse.column?.presentInto(objects);
  if (!plan.compiled.readsObjects) {
    result.putAll(objects, codeOf(plan, {}, NOTHING));
    pool.give(objects);
    return;
  }
  const rows: number[] = [];
  const { book } = table;
  forEachBit(objects, (row) => {
    if (context.retiredToo ? book.identities[row] !== undefined : hasBit(book.inService, row)) rows.push(row);
  });
  pool.give(objects);
  yield* readObjects(plan, path, rows, result, context);
}

/**
 * A leaf that looks into objects. `$mc` asks for their keys, which the columns have. Equality counts the order of keys,
 * which they have not: where an object has equal content, and wherever order is asked, the document tells.
 */
function* readObjects(
  plan: LeafPlan,
  path: ResolvedPath,
  rows: readonly number[],
  result: LeafBits,
  context: LeafContext,
): Sliced<void> {
  const { table, pace } = context;
  const wanted = wantedObjects(plan);
  const unclear: number[] = [];
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    if (wanted === 'any') unclear.push(row);
    else {
      const object = assemble(table, path, row, false) ?? {};
      if (wanted?.has(canonicalJson(object))) unclear.push(row);
      else result.put(row, codeOf(plan, object, NOTHING));
    }
    if (i % ROWS_BETWEEN_LOOKS === 0 && pace.due()) yield;
  }
  if (unclear.length > 0) context.fellBack('documents', unclear.length);
  for (let i = 0; i < unclear.length; i += DOCUMENTS_SLICE) {
    const slice = unclear.slice(i, i + DOCUMENTS_SLICE).filter((row) => table.book.identities[row] !== undefined);
    const identities = slice.map((row) => table.book.identities[row] as Identity);
    const documents = (yield context.read(identities)) as readonly (NodeDocument | undefined)[];
    slice.forEach((row, at) => {
      const document = documents[at] as unknown as Json | undefined;
      const value = document === undefined ? undefined : valueAt(document, plan.segments);
      result.put(row, value === undefined ? plan.absent : codeOf(plan, value, NOTHING));
    });
  }
}

/** The objects a test compares with, in canonical form; `any` where order is asked, undefined where keys alone are. */
function wantedObjects(plan: LeafPlan): ReadonlySet<string> | 'any' | undefined {
  const { test } = plan;
  switch (test.op) {
    case '$eq':
      return new Set([canonicalJson(test.value)]);
    case '$in':
      return new Set(test.values.filter((value): value is Json => !isPattern(value)).map(canonicalJson));
    case '$mc':
      return undefined;
    default:
      return 'any';
  }
}

function* scanBeside(plan: LeafPlan, path: ResolvedPath, result: LeafBits, context: LeafContext): Sliced<void> {
  const { table, pace } = context;
  context.fellBack('overflow', table.overflow.rows);
  table.overflow.reads += 1;
  const objects: number[] = [];
  for (let row = 0; row < table.book.end; row++) {
    const values = table.overflow.of(row);
    if (values === undefined) continue;
    const found = Overflow.at(values, plan.segments);
    if (found !== undefined) {
      if (found.rest.length > 0 || !isJsonObject(found.value)) result.put(row, codeOf(plan, found.value, found.rest));
      else if (plan.compiled.readsObjects) objects.push(row);
      else result.put(row, codeOf(plan, {}, NOTHING));
    }
    if (row % ROWS_BETWEEN_LOOKS === 0 && pace.due()) yield;
  }
  if (objects.length > 0) yield* readObjects(plan, path, objects, result, context);
}
