import { canonicalJson, decodeKeys, type FieldPath, isJsonObject, type Json } from '../../core/index.ts';
import type { Facet } from '../answers.ts';
import { compareValues } from '../language/index.ts';
import { assemble } from './assemble.ts';
import { type Bits, countBits, countBoth, forEachBit } from './bits.ts';
import type { DictionaryColumn } from './dictionary-column.ts';
import type { Pace, Sliced } from './pace.ts';
import type { Column, ResolvedPath } from './path-tree.ts';
import type { Table } from './table.ts';

/*
 * How often each value of a path stands among the rows of a set. Where the path is a column of few values alone, ids are
 * counted; else the values of each row are taken one by one, those inside arrays too.
 */

/** Rows between two looks at the clock. */
const ROWS_BETWEEN_LOOKS = 64;

/** Counts one path among the rows of a set. */
export function* facetOf(table: Table, path: FieldPath, rows: Bits, limit: number, pace: Pace): Sliced<Facet> {
  const resolved = table.tree.resolve(path);
  const column = resolved.node?.column;
  const alone =
    resolved.above.every(({ node }) => (node.column as Column).arrays === 0) &&
    !table.overflow.mayConcern(resolved.segments) &&
    (resolved.node === undefined || resolved.node.children.size === 0);
  if (alone && column === undefined) return { path, values: [], distinct: 0, absent: countBits(rows) };
  const tally = new Tally();
  if (alone && column?.kind === 'dictionary') countIds(column, rows, tally);
  else yield* countEach(table, resolved, rows, tally, pace);
  return { path, values: yield* tally.most(limit, pace), distinct: tally.distinct, absent: tally.absent };
}

function countIds(column: DictionaryColumn, rows: Bits, tally: Tally): void {
  const { values } = column.dictionary;
  const counts = new Uint32Array(values.length);
  const { ids } = column;
  for (let i = 0; i < rows.length; i++) {
    let word = rows[i] as number;
    while (word !== 0) {
      const lowest = word & -word;
      const id = ids[(i << 5) + (31 - Math.clz32(lowest))] ?? 0;
      counts[id] = (counts[id] as number) + 1;
      word ^= lowest;
    }
  }
  tally.absent = countBoth(column.rowsWith(0), rows);
  for (let id = 1; id < counts.length; id++) {
    if ((counts[id] as number) > 0) tally.add(values[id] as Json, counts[id] as number);
  }
}

function* countEach(table: Table, path: ResolvedPath, rows: Bits, tally: Tally, pace: Pace): Sliced<void> {
  const counted: number[] = [];
  forEachBit(rows, (row) => {
    counted.push(row);
  });
  const lone = path.node?.children.size === 0 && path.above.length === 0 && table.overflow.rows === 0;
  const column = path.node?.column;
  const read = lone && column?.kind === 'text' ? column.reader() : undefined;
  for (let i = 0; i < counted.length; i++) {
    if (i % ROWS_BETWEEN_LOOKS === 0 && pace.due()) yield;
    const row = counted[i] as number;
    const value = read === undefined ? valueAtRow(table, path, row) : read(row);
    if (value === undefined) tally.absent += 1;
    else tally.add(value, 1);
  }
}

/** What stands at a path; through arrays, the values of all their documents as one array. */
function valueAtRow(table: Table, path: ResolvedPath, row: number): Json | undefined {
  const value = assemble(table, path, row, false);
  if (value !== undefined) return value;
  for (const { node, rest } of path.above) {
    const above = (node.column as Column).get(row);
    if (!Array.isArray(above)) continue;
    const found: Json[] = [];
    collect(above, rest, found);
    return found.length === 0 ? undefined : found;
  }
  return undefined;
}

function collect(value: Json, rest: readonly string[], found: Json[]): void {
  if (rest.length === 0) {
    if (Array.isArray(value)) found.push(...value);
    else found.push(value);
    return;
  }
  if (Array.isArray(value)) {
    for (const element of value) if (isJsonObject(element)) collect(element, rest, found);
    return;
  }
  const [key, ...below] = rest as readonly [string, ...string[]];
  if (isJsonObject(value) && Object.hasOwn(value, key)) collect(value[key] as Json, below, found);
}

/** Counts by value. */
class Tally {
  readonly #scalars = new Map<Json, Counted & { count: number; round: number }>();
  /** Arrays and objects, by their canonical form. */
  readonly #compound = new Map<Json, Counted & { count: number; round: number }>();
  /** Goes up with each value given, so that an element that stands in it twice is counted once. */
  #round = 0;
  absent = 0;

  get distinct(): number {
    return this.#scalars.size + this.#compound.size;
  }

  /** An array counts once for each of its different elements. */
  add(value: Json, count: number): void {
    this.#round += 1;
    if (!Array.isArray(value)) this.#one(value, count);
    else for (let i = 0; i < value.length; i++) this.#one(value[i] as Json, count);
  }

  #one(value: Json, count: number): void {
    const key = typeof value === 'object' && value !== null ? canonicalJson(value) : value;
    const tallies = key === value ? this.#scalars : this.#compound;
    const known = tallies.get(key);
    if (known === undefined) tallies.set(key, { value, count, round: this.#round });
    else if (known.round !== this.#round) {
      known.count += count;
      known.round = this.#round;
    }
  }

  /** The most frequent, then by value; keys as sent. */
  *most(limit: number, pace: Pace): Sliced<{ readonly value: Json; readonly count: number }[]> {
    const best = new Best(limit);
    let offered = 0;
    for (const tallies of [this.#scalars, this.#compound]) {
      for (const one of tallies.values()) {
        best.offer(one);
        if (++offered % ROWS_BETWEEN_LOOKS === 0 && pace.due()) yield;
      }
    }
    return best.sorted().map(({ value, count }) => ({ value: decodeKeys(value), count }));
  }
}

interface Counted {
  readonly value: Json;
  readonly count: number;
}

/** The first `limit` of many, without sorting all. */
class Best {
  readonly #limit: number;
  #kept: Counted[] = [];
  #worst: Counted | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  offer(one: Counted): void {
    if (this.#limit === 0 || (this.#worst !== undefined && before(this.#worst, one) <= 0)) return;
    this.#kept.push(one);
    // Sorted once in a while: what is kept is at most twice the limit.
    if (this.#kept.length >= 2 * this.#limit + BEST_SLACK) this.#cut();
  }

  sorted(): readonly Counted[] {
    this.#cut();
    return this.#kept;
  }

  #cut(): void {
    this.#kept.sort(before);
    this.#kept.length = Math.min(this.#kept.length, this.#limit);
    if (this.#kept.length === this.#limit) this.#worst = this.#kept[this.#limit - 1];
  }
}

const BEST_SLACK = 64;

function before(a: Counted, b: Counted): number {
  return b.count - a.count || compareValues(a.value, b.value);
}
