import {
  type EpochSeconds,
  type Identity,
  identityKey,
  isJsonObject,
  type Json,
  type JsonObject,
  type NodeDocument,
  type NodeState,
  nodeState,
  type StateRule,
  type VolatileRules,
} from '../../core/index.ts';
import type { FeedEvent } from '../../registry/index.ts';
import { wordsFor } from './bits.ts';
import { isDense } from './column-kinds.ts';
import { DictionaryColumn } from './dictionary-column.ts';
import { NumberColumn } from './number-column.ts';
import { Overflow } from './overflow.ts';
import { type Column, type PathNode, PathTree } from './path-tree.ts';
import { RowBook } from './row-book.ts';
import { SetCache } from './set-cache.ts';
import type { SparseColumn } from './sparse-column.ts';
import type { TextColumn } from './text-column.ts';
import { Upkeep } from './upkeep.ts';
import { isLeaf } from './values.ts';

/*
 * All nodes as columns. A document becomes one row: each leaf is set in the column of its path. How many leaves a row
 * has is counted, so that only a document which lost some costs a walk over the columns; what few rows have is listed by
 * row, so that this walk and the putting together of objects stay short.
 */

/** Settings of a {@link Table}. */
export interface TableOptions {
  readonly pathsMax: number;
  readonly volatile: VolatileRules;
  readonly stateRule: StateRule;
  /** Rows to make room for at once. */
  readonly rows?: number;
  /** Bytes of kept sets. */
  readonly setBytesMax?: number;
}

/** Of kept sets: at 100,000 nodes, 2,600 of them. */
const SET_BYTES_MAX = 32 * 1024 * 1024;
/** Lists of every node, indexed by element; numbers that differ on every node. */
const LISTS: readonly string[] = ['classes', 'agentlist', 'collectives'];
const NUMBERS: readonly string[] = ['lastseen', 'firstseen', 'changed', 'revision'];

/** Told of every row that is written, while a long evaluation runs. */
export interface RowWatcher {
  touched(row: number): void;
}

/** Nodes as columns. */
export class Table {
  readonly tree: PathTree;
  readonly book: RowBook;
  readonly cache: SetCache;
  overflow: Overflow;
  readonly stateRule: StateRule;
  readonly watchers = new Set<RowWatcher>();
  /** Leaves of each row that stand in columns. */
  leaves: Uint32Array;
  /** Sparse columns of each row that has any. */
  readonly sparseOf = new Map<number, PathNode[]>();
  #epoch = 0;
  readonly #upkeep = new Upkeep(this);

  constructor(options: TableOptions) {
    this.stateRule = options.stateRule;
    this.tree = new PathTree(options.pathsMax, options.volatile);
    const capacity = Math.ceil((options.rows ?? 0) * CAPACITY_SLACK);
    const lastseen = new NumberColumn();
    this.book = new RowBook(capacity, lastseen);
    this.cache = new SetCache(wordsFor(this.book.capacity), options.setBytesMax ?? SET_BYTES_MAX);
    this.overflow = new Overflow();
    this.leaves = new Uint32Array(this.book.capacity);
    for (const name of LISTS) this.#preset(name, new DictionaryColumn(this.cache, true));
    for (const name of NUMBERS) this.#preset(name, name === 'lastseen' ? lastseen : new NumberColumn());
  }

  #preset(name: string, column: Column): void {
    this.tree.replace(this.tree.child(this.tree.root, name), column);
  }

  /** The row of a node, whatever its state. */
  rowOf(identity: Identity): number | undefined {
    return this.book.find(identityKey(identity));
  }

  /** Takes a whole document. */
  upsert(node: NodeDocument): void {
    if (this.book.full) this.#upkeep.growNow();
    const row = this.book.take(node.identity);
    const write = this.#begin(row);
    for (const key of Object.keys(node)) {
      const value = (node as unknown as JsonObject)[key];
      if (value !== undefined) this.#put(write, this.tree.child(this.tree.root, key), value);
    }
    this.overflow.set(row, write.beyond);
    if (write.kept < (this.leaves[row] as number)) this.#sweep(row);
    this.leaves[row] = write.kept + write.added;
    this.book.heard(row, this.stateRule.expireAfterSeconds);
    this.book.serve(row, node.retired === undefined, this.stateRule.expireAfterSeconds);
    this.#touched(row);
  }

  /**
   * Applies an event. Gives the identity where it does not say enough (a volatile fact is gone, or stands where an object
   * stood): the document is to be read and taken as a whole.
   */
  apply(event: FeedEvent): Identity | undefined {
    if (event.kind === 'upsert') {
      this.upsert(event.node);
      return undefined;
    }
    const row = this.rowOf(event.identity);
    if (event.kind === 'forget') {
      if (row !== undefined) this.#forget(row);
      return undefined;
    }
    if (row === undefined) return event.identity;
    const write = this.#begin(row);
    this.#put(write, this.tree.child(this.tree.root, 'revision'), event.revision);
    let unclear = false;
    if (event.kind === 'retire') {
      this.#put(write, this.tree.child(this.tree.root, 'retired'), event.at);
      this.book.serve(row, false, this.stateRule.expireAfterSeconds);
    } else {
      const { root } = this.tree;
      this.#put(write, this.tree.child(root, 'lastseen'), event.lastseen);
      this.#put(write, this.tree.child(root, 'interval'), event.interval);
      this.#put(write, this.tree.child(root, 'source'), event.source as unknown as JsonObject);
      this.book.heard(row, this.stateRule.expireAfterSeconds);
      if (event.kind === 'volatile') unclear = this.#putVolatile(write, event.volatile);
    }
    this.leaves[row] = (this.leaves[row] as number) + write.added;
    this.#touched(row);
    return unclear || write.beyond !== undefined ? event.identity : undefined;
  }

  /** Where the node of a row stands at a time. */
  stateAt(row: number, now: EpochSeconds): NodeState {
    const retired = this.topValue('retired', row);
    return nodeState(
      {
        lastseen: this.book.lastseen.number(row),
        interval: this.intervalOf(row),
        retired: typeof retired === 'number' ? retired : undefined,
      },
      now,
      this.stateRule,
    );
  }

  /** The interval a node said, null where it did not. */
  intervalOf(row: number): number | null {
    const interval = this.topValue('interval', row);
    return typeof interval === 'number' ? interval : null;
  }

  /** A leaf at the top of the document. */
  topValue(name: string, row: number): Json | undefined {
    return this.tree.root.children.get(name)?.column?.get(row);
  }

  /** Work put off, one small step; false where there is nothing to do. Called between writes. */
  maintain(): boolean {
    return this.#upkeep.step();
  }

  /** Begins a round of moving bytes together; {@link maintain} does it. */
  beginCompaction(): void {
    this.#upkeep.beginCompaction();
  }

  /** Takes a column from a snapshot. */
  adopt(segments: readonly string[], column: Column, volatile: boolean): void {
    let node = this.tree.root;
    for (const segment of segments) node = this.tree.child(node, segment);
    node.volatile ||= volatile;
    this.tree.replace(node, column);
    if (segments.length === 1 && segments[0] === 'lastseen' && column.kind === 'number') this.book.lastseen = column;
    if (column.kind !== 'sparse') return;
    for (const [row] of column.entries()) {
      const listed = this.sparseOf.get(row);
      if (listed === undefined) this.sparseOf.set(row, [node]);
      else listed.push(node);
    }
  }

  /** Takes what stands beside the columns from a snapshot. */
  adoptOverflow(column: TextColumn): void {
    this.overflow = new Overflow(column);
    this.overflow.markAll();
  }

  /** Ends a restore, all columns taken: who stands at which row, and in which order. */
  restored(identities: readonly (Identity | null)[], order: Uint32Array<ArrayBuffer>): void {
    this.book.restore(identities, order, (row) => this.topValue('retired', row) !== undefined);
  }

  /** Bytes of columns and kept sets, as far as they are counted. */
  get bytes(): number {
    let bytes = this.cache.bytes + this.leaves.byteLength + this.overflow.column.bytes;
    for (const node of this.tree.denseNodes) bytes += (node.column as Column).bytes;
    for (const node of this.tree.sparseNodes) bytes += (node.column as Column).bytes;
    return bytes;
  }

  #begin(row: number): RowWrite {
    this.#epoch += 1;
    return { row, kept: 0, added: 0, beyond: undefined };
  }

  /** Puts a value at a path: a leaf in its column, an object by its members. */
  #put(write: RowWrite, node: PathNode, value: Json): void {
    if (isLeaf(value)) {
      this.#putLeaf(write, node, value);
      return;
    }
    for (const key of Object.keys(value as JsonObject)) {
      const member = (value as JsonObject)[key];
      if (member !== undefined) this.#put(write, this.tree.child(node, key), member);
    }
  }

  #putLeaf(write: RowWrite, node: PathNode, value: Json): void {
    const column = node.column ?? this.tree.open(node);
    if (column === undefined) {
      write.beyond ??= Object.create(null) as Record<string, Json>;
      write.beyond[node.segments.join('.')] = value;
      this.tree.prune(node);
      return;
    }
    node.epoch = this.#epoch;
    if (!column.set(write.row, value)) write.kept += 1;
    else {
      write.added += 1;
      if (column.kind === 'sparse') this.#listSparse(write.row, node, column);
    }
    if ((column.kind === 'dictionary' || column.kind === 'number') && column.tooVaried) this.#upkeep.change(node);
  }

  #listSparse(row: number, node: PathNode, column: SparseColumn): void {
    const listed = this.sparseOf.get(row);
    if (listed === undefined) this.sparseOf.set(row, [node]);
    else listed.push(node);
    if (isDense(column, this.book.used)) this.#upkeep.change(node);
  }

  /** Takes a sparse column off a row's list. */
  unlistSparse(row: number, node: PathNode): void {
    const listed = this.sparseOf.get(row);
    if (listed === undefined) return;
    const at = listed.indexOf(node);
    if (at === -1) return;
    listed[at] = listed[listed.length - 1] as PathNode;
    listed.pop();
    if (listed.length === 0) this.sparseOf.delete(row);
  }

  /** Clears every column of the row that the write did not touch. */
  #sweep(row: number): void {
    for (const node of this.tree.denseNodes) if (node.epoch !== this.#epoch) this.#clear(node, row);
    for (const node of [...(this.sparseOf.get(row) ?? [])]) if (node.epoch !== this.#epoch) this.#clear(node, row);
  }

  #clear(node: PathNode, row: number): void {
    const column = node.column as Column;
    if (!column.clear(row)) return;
    if (column.kind === 'sparse') this.unlistSparse(row, node);
    if (column.rows === 0 && node.parent !== this.tree.root) this.tree.close(node);
  }

  #forget(row: number): void {
    this.#epoch += 1;
    this.book.release(row, this.stateRule.expireAfterSeconds);
    this.#sweep(row);
    this.overflow.set(row, undefined);
    this.leaves[row] = 0;
    this.#touched(row);
  }

  /** Puts volatile facts; true where what the row had does not fit to them. */
  #putVolatile(write: RowWrite, volatile: JsonObject): boolean {
    const { row } = write;
    let unclear = false;
    const walk = (node: PathNode, object: JsonObject): void => {
      if (node.column?.has(row)) unclear = true;
      for (const key of Object.keys(object)) {
        const value = object[key] as Json;
        const child = this.tree.child(node, key);
        if (isJsonObject(value) && !isLeaf(value)) {
          walk(child, value);
          continue;
        }
        const before = write.added;
        this.#putLeaf(write, child, value);
        if (!child.volatile && child.column !== undefined) this.tree.markVolatile(child);
        if (write.added > before && child.children.size > 0 && this.hasBelow(child, row)) unclear = true;
      }
    };
    walk(this.tree.child(this.tree.root, 'facts'), volatile);
    if (unclear) return true;
    for (const node of this.tree.volatileNodes) {
      if (node.epoch !== this.#epoch && node.column?.has(row)) return true;
    }
    return this.overflow.column.has(row) && this.#overflowIsVolatile(row);
  }

  /** True where the row has a value below a path, not at it. */
  hasBelow(node: PathNode, row: number): boolean {
    for (const dense of this.tree.denseUnder(node)) if (dense !== node && dense.column?.has(row)) return true;
    return (this.sparseOf.get(row) ?? []).some((sparse) => sparse !== node && node.isAtOrAbove(sparse));
  }

  #overflowIsVolatile(row: number): boolean {
    return Object.keys(this.overflow.of(row) ?? {}).some((path) => this.tree.isVolatile(path.split('.')));
  }

  #touched(row: number): void {
    if (this.watchers.size > 0) for (const watcher of this.watchers) watcher.touched(row);
  }

  /** Room for so many rows; columns make theirs. */
  resize(capacity: number): void {
    this.book.grow(capacity);
    const leaves = new Uint32Array(capacity);
    leaves.set(this.leaves);
    this.leaves = leaves;
    this.cache.resize(wordsFor(capacity));
  }
}

/** Room beyond the rows that a table is made for. */
const CAPACITY_SLACK = 1.15;

/** One document on its way into a row. */
interface RowWrite {
  readonly row: number;
  /** Leaves that the row had before, too. */
  kept: number;
  added: number;
  /** What found no column. */
  beyond: Record<string, Json> | undefined;
}
