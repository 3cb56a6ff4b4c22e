import type { Json } from '../../core/index.ts';
import { hashValue, sameValue, typeBit } from './values.ts';

/*
 * The distinct values of a column. Ids start at 1; 0 stands for no value. Values are counted by the rows that hold them,
 * and the id of a value that none holds is used again. The table from hash to id is built when first needed, so that a
 * column loaded from a snapshot costs nothing until it is written or asked for one value.
 */

const SLOTS_MIN = 8;

/** Distinct values with their ids. */
export class Dictionary {
  /** The value of each id; undefined at 0 and at ids that are free. */
  values: (Json | undefined)[] = [undefined];
  #refs = new Uint32Array(SLOTS_MIN);
  #hashes = new Uint32Array(SLOTS_MIN);
  /** Open addressing, linear probing; 0 is an empty slot. */
  #slots: Uint32Array | undefined;
  #free: number[] = [];
  #latest = 0;
  /** Rows by the bit of their value's type: index is the bit's place. */
  readonly typeRows = new Uint32Array(6);
  /** Distinct values. */
  size = 0;

  /** Ids are below this. */
  get idsEnd(): number {
    return this.values.length;
  }

  /** Rows that hold the id. */
  rowsOf(id: number): number {
    return this.#refs[id] ?? 0;
  }

  /** The id of a value, 0 where no row holds it. */
  find(value: Json): number {
    return this.#lookup(value, hashValue(value));
  }

  /** The id of a value, made where there is none. Holds it for one row more. */
  hold(value: Json): number {
    // What the row before had, many a row has.
    if (value === this.values[this.#latest] && typeof value !== 'object' && this.#latest !== 0) {
      this.#refs[this.#latest] = (this.#refs[this.#latest] as number) + 1;
      this.#countType(value, 1);
      return this.#latest;
    }
    const hash = hashValue(value);
    let id = this.#lookup(value, hash);
    if (id === 0) id = this.#add(value, hash);
    this.#refs[id] = (this.#refs[id] as number) + 1;
    this.#countType(value, 1);
    this.#latest = id;
    return id;
  }

  /** One row less holds the id. True where it was the last, and the id is free. */
  drop(id: number): boolean {
    const value = this.values[id] as Json;
    this.#countType(value, -1);
    const left = (this.#refs[id] as number) - 1;
    this.#refs[id] = left;
    if (left > 0) return false;
    this.#remove(id);
    this.values[id] = undefined;
    this.#free.push(id);
    this.size -= 1;
    return true;
  }

  /** Bytes of the arrays; values are not counted. */
  get bytes(): number {
    return this.#refs.byteLength + this.#hashes.byteLength + (this.#slots?.byteLength ?? 0) + this.values.length * 8;
  }

  /** What a snapshot keeps: values by id (null where free), and how many rows hold each. */
  saved(): { readonly values: readonly (Json | null)[]; readonly refs: Uint32Array; readonly hashes: Uint32Array } {
    const end = this.values.length;
    return {
      values: this.values.map((value) => value ?? null),
      refs: this.#refs.subarray(0, end),
      hashes: this.#hashes.subarray(0, end),
    };
  }

  /** A dictionary from what {@link saved} gave. */
  static restore(
    values: (Json | undefined)[],
    refs: Uint32Array<ArrayBuffer>,
    hashes: Uint32Array<ArrayBuffer>,
  ): Dictionary {
    const made = new Dictionary();
    made.#refs = refs;
    made.#hashes = hashes;
    values[0] = undefined;
    for (let id = 1; id < values.length; id++) {
      const rows = refs[id] as number;
      if (rows === 0) {
        values[id] = undefined;
        made.#free.push(id);
      } else {
        made.size += 1;
        made.#countType(values[id] as Json, rows);
      }
    }
    made.values = values;
    return made;
  }

  #countType(value: Json, rows: number): void {
    const place = 31 - Math.clz32(typeBit(value));
    this.typeRows[place] = (this.typeRows[place] as number) + rows;
  }

  #lookup(value: Json, hash: number): number {
    this.#slots ??= this.#rehashed(this.values.length * 2);
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const id = slots[at] as number;
      if (id === 0) return 0;
      if (this.#hashes[id] === hash && sameValue(this.values[id] as Json, value)) return id;
    }
  }

  #add(value: Json, hash: number): number {
    const id = this.#free.pop() ?? this.values.length;
    this.values[id] = value;
    if (id >= this.#refs.length) {
      this.#refs = grown(this.#refs, id + 1);
      this.#hashes = grown(this.#hashes, id + 1);
    }
    this.#refs[id] = 0;
    this.#hashes[id] = hash;
    this.size += 1;
    if (this.size * 2 > (this.#slots as Uint32Array).length) this.#slots = this.#rehashed(this.size * 4);
    else this.#insert(this.#slots as Uint32Array, id);
    return id;
  }

  #insert(slots: Uint32Array, id: number): void {
    const mask = slots.length - 1;
    let at = (this.#hashes[id] as number) & mask;
    while (slots[at] !== 0) at = (at + 1) & mask;
    slots[at] = id;
  }

  /** Takes an id out, and moves back what a probe would not find any more. */
  #remove(id: number): void {
    const slots = this.#slots;
    if (slots === undefined) return;
    const mask = slots.length - 1;
    let hole = (this.#hashes[id] as number) & mask;
    while (slots[hole] !== id) hole = (hole + 1) & mask;
    slots[hole] = 0;
    for (let at = (hole + 1) & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const home = (this.#hashes[slots[at] as number] as number) & mask;
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        slots[hole] = slots[at] as number;
        slots[at] = 0;
        hole = at;
      }
    }
  }

  #rehashed(least: number): Uint32Array {
    let length = SLOTS_MIN;
    while (length < least) length *= 2;
    const slots = new Uint32Array(length);
    for (let id = 1; id < this.values.length; id++) if (this.values[id] !== undefined) this.#insert(slots, id);
    return slots;
  }
}

/** The array with room for `length`, half as much more, what was in it kept. */
export function grown(array: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(length, array.length + (array.length >>> 1)));
  larger.set(array);
  return larger;
}
