import type { EpochSeconds, FieldPath, Identity, IdentityKey, Json, NodeState } from '../../core/index.ts';
import type { NodeRow } from '../answers.ts';
import { assemble } from './assemble.ts';
import type { PathNode, ResolvedPath } from './path-tree.ts';
import type { Table } from './table.ts';

/*
 * Rows of an answer. A row keeps its number, and how often that number had been given out, so that a node forgotten
 * meanwhile is not mistaken for the one that came to stand there.
 */

/** Resolves paths once for all rows of an answer. */
export class PathLookup {
  readonly table: Table;
  readonly #resolved = new Map<FieldPath, ResolvedPath>();

  constructor(table: Table) {
    this.table = table;
  }

  /** Where the path leads; found again where the table's tree has lost the way since. */
  resolve(path: FieldPath): ResolvedPath {
    const known = this.#resolved.get(path);
    if (known?.node !== undefined && isRooted(known.node, this.table)) return known;
    const resolved = this.table.tree.resolve(path);
    this.#resolved.set(path, resolved);
    return resolved;
  }
}

function isRooted(node: PathNode, table: Table): boolean {
  for (let here: PathNode | undefined = node; here !== undefined; here = here.parent) {
    if (here === table.tree.root) return true;
    if (here.parent?.children.get(here.key) !== here) return false;
  }
  return false;
}

/** A node of an answer; its values are read when asked for, as they are then. */
export class ColumnRow implements NodeRow {
  readonly identity: Identity;
  readonly lastseen: number;
  readonly interval: number | null;
  readonly state: NodeState;
  readonly age: number;
  readonly #row: number;
  readonly #incarnation: number;
  readonly #key: IdentityKey;
  readonly #paths: PathLookup;

  constructor(paths: PathLookup, row: number, now: EpochSeconds) {
    const { table } = paths;
    this.#paths = paths;
    this.#row = row;
    this.#incarnation = table.book.incarnation(row);
    this.#key = table.book.keys[row] as IdentityKey;
    this.identity = table.book.identities[row] as Identity;
    this.lastseen = table.book.lastseen.number(row);
    this.interval = table.intervalOf(row);
    this.state = table.stateAt(row, now);
    this.age = now - this.lastseen;
  }

  value(path: FieldPath): Json | undefined {
    const { table } = this.#paths;
    const here = table.book.incarnation(this.#row) === this.#incarnation ? this.#row : table.book.find(this.#key);
    return here === undefined ? undefined : assemble(table, this.#paths.resolve(path), here, true);
  }
}
