import { decodeKey, type Json, type JsonObject } from '../../core/index.ts';
import { TextColumn } from './text-column.ts';

/*
 * Values of paths that found no room for a column, a JSON object of path and value for each row that has any. A filter
 * of the paths seen tells most questions that nothing here can concern them; the others read the objects of all rows
 * that have one, which is slow, counted, and bounded by their bytes alone.
 */

const FILTER_BITS = 1 << 20;

/** What stands beside the columns. */
export class Overflow {
  /** By row, an object: stored path to value. */
  readonly column: TextColumn;
  /** Marks each path and each beginning of one. */
  readonly #seen = new Uint32Array(FILTER_BITS >>> 5);
  /** Questions that had to read it. */
  reads = 0;

  constructor(column = new TextColumn()) {
    this.column = column;
  }

  /** Rows that have values here. */
  get rows(): number {
    return this.column.rows;
  }

  /** Keeps what a document has beyond the columns; nothing where it has none. */
  set(row: number, values: JsonObject | undefined): void {
    if (values === undefined) {
      this.column.clear(row);
      return;
    }
    for (const path of Object.keys(values)) this.#mark(path);
    this.column.set(row, values);
  }

  /** Marks the paths of every row again, after a restore. */
  markAll(): void {
    for (let row = 0; row < this.column.capacity; row++) {
      for (const path of Object.keys(this.of(row) ?? {})) this.#mark(path);
    }
  }

  /** The row's values by stored path. */
  of(row: number): JsonObject | undefined {
    return this.column.get(row) as JsonObject | undefined;
  }

  /** False where no row can have anything at, below or (as an array) above the path. */
  mayConcern(segments: readonly string[]): boolean {
    if (this.column.rows === 0) return false;
    let path = '';
    for (let i = 0; i < segments.length; i++) {
      path = i === 0 ? (segments[i] as string) : `${path}.${segments[i]}`;
      if (this.#isMarked(`${path}\n`)) return true;
    }
    return this.#isMarked(path);
  }

  /** The value at a path among a row's values: a leaf, what is inside an array is for the caller, or an object. */
  static at(
    values: JsonObject,
    segments: readonly string[],
  ): { readonly value: Json; readonly rest: readonly string[] } | undefined {
    let path = '';
    for (let i = 0; i < segments.length; i++) {
      path = i === 0 ? (segments[i] as string) : `${path}.${segments[i]}`;
      if (Object.hasOwn(values, path)) return { value: values[path] as Json, rest: segments.slice(i + 1) };
    }
    const found = Overflow.below(values, path);
    return found === undefined ? undefined : { value: found, rest: [] };
  }

  /** The object that a row's values make below a path, keys coded; undefined where there are none. */
  static below(values: JsonObject, path: string): JsonObject | undefined {
    let object: Record<string, Json> | undefined;
    const prefix = `${path}.`;
    for (const key of Object.keys(values)) {
      if (!key.startsWith(prefix)) continue;
      object ??= Object.create(null) as Record<string, Json>;
      putAt(object, key.slice(prefix.length).split('.'), values[key] as Json);
    }
    return object;
  }

  #mark(path: string): void {
    // The whole path is marked with a line end, so that it is told from a beginning.
    this.#markText(`${path}\n`);
    for (let end = path.length; end > 0; end = path.lastIndexOf('.', end - 1)) this.#markText(path.slice(0, end));
  }

  #markText(text: string): void {
    const bit = bitOf(text);
    this.#seen[bit >>> 5] = (this.#seen[bit >>> 5] as number) | (1 << (bit & 31));
  }

  #isMarked(text: string): boolean {
    const bit = bitOf(text);
    return ((this.#seen[bit >>> 5] as number) & (1 << (bit & 31))) !== 0;
  }
}

/** Puts a value into nested objects without prototypes. An object in the way is kept and filled. */
export function putAt(object: Record<string, Json>, segments: readonly string[], value: Json, decode = false): void {
  let here = object;
  for (let i = 0; i < segments.length - 1; i++) {
    const key = decode ? decodeKey(segments[i] as string) : (segments[i] as string);
    const next = here[key];
    if (typeof next === 'object' && next !== null && !Array.isArray(next)) here = next as Record<string, Json>;
    else {
      const made = Object.create(null) as Record<string, Json>;
      here[key] = made;
      here = made;
    }
  }
  const last = segments[segments.length - 1] as string;
  here[decode ? decodeKey(last) : last] = value;
}

function bitOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 15;
  return (hash >>> 0) % FILTER_BITS;
}
