import { decodeKey, decodeKeys, type Json } from '../../core/index.ts';
import { Overflow, putAt } from './overflow.ts';
import type { Column, PathNode, ResolvedPath } from './path-tree.ts';
import type { Table } from './table.ts';

/*
 * Values of one row put together again: a leaf from its column, an object from the columns below its path and what
 * stands beside them. Its keys come in the order in which the table met them first, not in the document's.
 */

/** The value at a path, undefined where there is none; arrays on the way are not entered. `decode`: keys as sent. */
export function assemble(table: Table, path: ResolvedPath, row: number, decode: boolean): Json | undefined {
  const own = path.node?.column?.get(row);
  if (own !== undefined) return decode && typeof own === 'object' ? decodeKeys(own) : own;
  let object: Record<string, Json> | undefined;
  if (path.node !== undefined && path.node.children.size > 0) {
    object = fromColumns(table, path.node, row, decode);
  }
  return table.overflow.rows === 0 ? object : withBeside(table, path, row, decode, object);
}

function fromColumns(table: Table, node: PathNode, row: number, decode: boolean): Record<string, Json> | undefined {
  let object: Record<string, Json> | undefined;
  const put = (from: PathNode): void => {
    if (from === node) return;
    const value = (from.column as Column).get(row);
    if (value === undefined) return;
    object ??= Object.create(null) as Record<string, Json>;
    putBelow(object, node, from, decode && typeof value === 'object' ? decodeKeys(value) : value, decode);
  };
  for (const dense of table.tree.denseUnder(node)) put(dense);
  for (const sparse of table.sparseOf.get(row) ?? []) if (node.isAtOrAbove(sparse)) put(sparse);
  return object;
}

function putBelow(object: Record<string, Json>, top: PathNode, from: PathNode, value: Json, decode: boolean): void {
  const parent = from.parent as PathNode;
  const key = decode ? decodeKey(from.key) : from.key;
  if (parent === top) object[key] = value;
  else memberObject(object, top, parent, decode)[key] = value;
}

/** The object of a tree node within that of one above it, made where it is not there yet. */
function memberObject(
  object: Record<string, Json>,
  top: PathNode,
  node: PathNode,
  decode: boolean,
): Record<string, Json> {
  const holder = node.parent === top ? object : memberObject(object, top, node.parent as PathNode, decode);
  const key = decode ? decodeKey(node.key) : node.key;
  let member = holder[key] as Record<string, Json> | undefined;
  if (member === undefined) {
    member = Object.create(null) as Record<string, Json>;
    holder[key] = member;
  }
  return member;
}

function withBeside(
  table: Table,
  path: ResolvedPath,
  row: number,
  decode: boolean,
  object: Record<string, Json> | undefined,
): Json | undefined {
  const values = table.overflow.of(row);
  if (values === undefined) return object;
  const stored = path.segments.join('.');
  if (Object.hasOwn(values, stored)) {
    const value = values[stored] as Json;
    return decode ? decodeKeys(value) : value;
  }
  let joined = object;
  const prefix = `${stored}.`;
  for (const key of Object.keys(values)) {
    if (!key.startsWith(prefix)) continue;
    joined ??= Object.create(null) as Record<string, Json>;
    const value = values[key] as Json;
    putAt(joined, key.slice(prefix.length).split('.'), decode ? decodeKeys(value) : value, decode);
  }
  return joined;
}

/** True where a row's values beside the columns hold something at or below the path. */
export function isBeside(table: Table, path: ResolvedPath, row: number): boolean {
  const values = table.overflow.of(row);
  return values !== undefined && Overflow.at(values, path.segments)?.rest.length === 0;
}
