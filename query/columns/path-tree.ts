import { codeKey, decodeKey, type FieldPath, type Json, splitVolatile, type VolatileRules } from '../../core/index.ts';
import type { DictionaryColumn } from './dictionary-column.ts';
import type { NumberColumn } from './number-column.ts';
import { SparseColumn } from './sparse-column.ts';
import type { TextColumn } from './text-column.ts';

/*
 * The paths that nodes have, as a tree of coded keys. A tree node holds the column of its path: leaves are scalars,
 * arrays and empty objects, so a path may have a column (at some rows) and paths below it (at others). The number of
 * columns is bounded; a path that finds no room is refused, and the table keeps its values beside (overflow).
 */

/** Any kind of column. */
export type Column = SparseColumn | DictionaryColumn | NumberColumn | TextColumn;

/** One path, or the beginning of some. */
export class PathNode {
  readonly key: string;
  readonly parent: PathNode | undefined;
  readonly children = new Map<string, PathNode>();
  column: Column | undefined;
  /** The write that touched it last; the table finds by it what a document does not have any more. */
  epoch = 0;
  /** True where its values are volatile facts, by pattern or because a volatile event brought one. */
  volatile = false;
  /** Columns at or below it that are not sparse; undefined until asked for. */
  dense: readonly PathNode[] | undefined;

  constructor(key: string, parent: PathNode | undefined) {
    this.key = key;
    this.parent = parent;
  }

  /** Coded segments from the top. */
  get segments(): string[] {
    const segments: string[] = [];
    for (let here: PathNode = this; here.parent !== undefined; here = here.parent) segments.push(here.key);
    return segments.reverse();
  }

  /** True where this is `other` or stands above it. */
  isAtOrAbove(other: PathNode): boolean {
    for (let here: PathNode | undefined = other; here !== undefined; here = here.parent) {
      if (here === this) return true;
    }
    return false;
  }
}

/** Where a path leads: the deepest tree node on the way, and what of the path remains below it. */
export interface ResolvedPath {
  /** Coded segments. */
  readonly segments: readonly string[];
  /** The path's own tree node, where there is one. */
  readonly node: PathNode | undefined;
  /** Tree nodes above it that have a column, with the segments from there on. */
  readonly above: readonly { readonly node: PathNode; readonly rest: readonly string[] }[];
}

/** All paths of a table. */
export class PathTree {
  readonly root = new PathNode('', undefined);
  /** Tree nodes with columns, by kind. */
  readonly denseNodes = new Set<PathNode>();
  readonly sparseNodes = new Set<PathNode>();
  readonly volatileNodes = new Set<PathNode>();
  readonly #columnsMax: number;
  readonly #volatile: VolatileRules;
  /** Paths refused for want of room, each time. */
  refused = 0;

  constructor(columnsMax: number, volatile: VolatileRules) {
    this.#columnsMax = columnsMax;
    this.#volatile = volatile;
  }

  /** Columns in all. */
  get columns(): number {
    return this.denseNodes.size + this.sparseNodes.size;
  }

  /** The tree node of a key below another, made where there is none. */
  child(parent: PathNode, key: string): PathNode {
    let node = parent.children.get(key);
    if (node === undefined) {
      node = new PathNode(key, parent);
      parent.children.set(key, node);
    }
    return node;
  }

  /** Gives a tree node a sparse column; undefined, and counted, where there is no room. */
  open(node: PathNode): SparseColumn | undefined {
    if (this.columns >= this.#columnsMax) {
      this.refused += 1;
      return undefined;
    }
    const column = new SparseColumn();
    node.column = column;
    this.sparseNodes.add(node);
    node.volatile ||= this.isVolatile(node.segments);
    if (node.volatile) this.volatileNodes.add(node);
    return column;
  }

  /** Gives a tree node another column. */
  replace(node: PathNode, column: Column): void {
    node.column = column;
    if (node.volatile) this.volatileNodes.add(node);
    if (column.kind === 'sparse') {
      this.sparseNodes.add(node);
      return;
    }
    this.sparseNodes.delete(node);
    if (this.denseNodes.has(node)) return;
    this.denseNodes.add(node);
    forgetDense(node);
  }

  /** Takes a column away that no row uses, and tree nodes that lead nowhere. */
  close(node: PathNode): void {
    node.column = undefined;
    this.sparseNodes.delete(node);
    this.volatileNodes.delete(node);
    if (this.denseNodes.delete(node)) forgetDense(node);
    this.prune(node);
  }

  /** Takes tree nodes away that lead nowhere, from here upwards. */
  prune(node: PathNode): void {
    let here = node;
    while (here.parent?.parent !== undefined && here.column === undefined && here.children.size === 0) {
      here.parent.children.delete(here.key);
      here = here.parent;
    }
  }

  /** True where a pattern says that the value at coded segments moves by itself. */
  isVolatile(segments: readonly string[]): boolean {
    if (segments[0] !== 'facts') return false;
    let facts: Json = 0;
    for (let i = segments.length - 1; i > 0; i--) facts = { [decodeKey(segments[i] as string)]: facts };
    return typeof facts === 'object' && Object.keys(splitVolatile(facts as never, this.#volatile).volatile).length > 0;
  }

  /** Marks a path as volatile because an event said so. */
  markVolatile(node: PathNode): void {
    node.volatile = true;
    this.volatileNodes.add(node);
  }

  /** Where a path leads now. */
  resolve(path: FieldPath): ResolvedPath {
    return this.resolveCoded(path.map(codeKey));
  }

  /** As {@link resolve}, for coded segments. */
  resolveCoded(segments: readonly string[]): ResolvedPath {
    const above: { node: PathNode; rest: readonly string[] }[] = [];
    let node: PathNode | undefined = this.root;
    for (let i = 0; i < segments.length && node !== undefined; i++) {
      if (node.column !== undefined) above.push({ node, rest: segments.slice(i) });
      node = node.children.get(segments[i] as string);
    }
    return { segments, node, above };
  }

  /** The not sparse columns at or below a tree node. */
  denseUnder(node: PathNode): readonly PathNode[] {
    if (node.dense === undefined) {
      const found: PathNode[] = [];
      const walk = (here: PathNode): void => {
        if (this.denseNodes.has(here)) found.push(here);
        for (const child of here.children.values()) walk(child);
      };
      walk(node);
      node.dense = found;
    }
    return node.dense;
  }

  /** Every sparse column at or below a tree node. */
  *sparseUnder(node: PathNode): Generator<PathNode> {
    if (node.column?.kind === 'sparse') yield node;
    for (const child of node.children.values()) yield* this.sparseUnder(child);
  }
}

/** What its ancestors know of their columns is not right any more. */
function forgetDense(node: PathNode): void {
  for (let here: PathNode | undefined = node; here !== undefined; here = here.parent) here.dense = undefined;
}
