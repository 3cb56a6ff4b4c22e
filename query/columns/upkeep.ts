import { densified, isDense, varied } from './column-kinds.ts';
import type { Column, PathNode } from './path-tree.ts';
import type { Table } from './table.ts';

/*
 * What a table puts off, so that no write takes long: new rows are put in order, columns change their kind, room is made
 * ahead of need, bytes given up are gathered. Each step is small; whoever writes calls for steps between writes.
 */

/** New and forgotten rows that wait to be put in order; so many are sorted in about 2 ms. */
const UNSETTLED_MAX = 4_096;

/** The work that a table has put off. */
export class Upkeep {
  readonly #table: Table;
  /** Columns whose values ask for another kind. */
  readonly #changing = new Set<PathNode>();
  /** Columns that are given room ahead of need. */
  #growing: PathNode[] = [];
  #compacting: PathNode[] = [];

  constructor(table: Table) {
    this.#table = table;
  }

  /** A column's values ask for another kind. */
  change(node: PathNode): void {
    this.#changing.add(node);
  }

  /** Begins a round of gathering bytes. */
  beginCompaction(): void {
    if (this.#compacting.length > 0) return;
    for (const node of this.#table.tree.denseNodes) {
      if (node.column?.kind === 'text' && node.column.arena.worstChunk() !== -1) this.#compacting.push(node);
    }
  }

  /** One step; false where there is nothing to do. */
  step(): boolean {
    const { book } = this.#table;
    if (book.order.unsettled > UNSETTLED_MAX) {
      book.settled();
      return true;
    }
    for (const changing of this.#changing) {
      this.#changing.delete(changing);
      this.#change(changing);
      return true;
    }
    const growing = this.#growing.pop();
    if (growing !== undefined) {
      growing.column?.reserve(book.capacity);
      return true;
    }
    const wanted = book.wantedCapacity;
    if (wanted > 0) {
      this.#table.resize(wanted);
      this.#growing = [...this.#table.tree.denseNodes].filter((dense) => (dense.column as Column).capacity < wanted);
      return true;
    }
    const compacting = this.#compacting.pop();
    if (compacting === undefined) return false;
    if (compacting.column?.kind === 'text' && compacting.column.compactOnce()) this.#compacting.push(compacting);
    return true;
  }

  /** Room for all at once, where rows came faster than {@link step} was called. */
  growNow(): void {
    const { book, tree } = this.#table;
    this.#table.resize(book.capacity * 2);
    for (const node of tree.denseNodes) node.column?.reserve(book.capacity);
    this.#growing = [];
  }

  /** Gives a tree node the kind of column that its values ask for. */
  #change(node: PathNode): void {
    const { column } = node;
    const { tree, book, cache } = this.#table;
    if (column?.kind === 'sparse' && isDense(column, book.used)) {
      for (const [row] of column.entries()) this.#table.unlistSparse(row, node);
      tree.replace(node, densified(column, cache, book.capacity));
    } else if (column?.kind === 'dictionary' || column?.kind === 'number') {
      const changed = varied(column, book.end);
      changed.reserve(book.capacity);
      tree.replace(node, changed);
    }
  }
}
