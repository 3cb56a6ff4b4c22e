/*
 * Sets of rows, one bit each. All sets of a table have the same number of words, so that they combine word by word.
 * Bits of rows that are not in use may be anything; whoever counts masks them.
 */

/** A set of rows: bit `row & 31` of word `row >>> 5`. */
export type Bits = Uint32Array;

/** Words that hold `rows` bits. */
export function wordsFor(rows: number): number {
  return (rows + 31) >>> 5;
}

/** True where the row is in the set. */
export function hasBit(bits: Bits, row: number): boolean {
  return ((bits[row >>> 5] as number) & (1 << (row & 31))) !== 0;
}

/** Puts a row in. */
export function setBit(bits: Bits, row: number): void {
  bits[row >>> 5] = (bits[row >>> 5] as number) | (1 << (row & 31));
}

/** Takes a row out. */
export function clearBit(bits: Bits, row: number): void {
  bits[row >>> 5] = (bits[row >>> 5] as number) & ~(1 << (row & 31));
}

/** Puts a row in or takes it out. */
export function putBit(bits: Bits, row: number, on: boolean): void {
  if (on) setBit(bits, row);
  else clearBit(bits, row);
}

/** Bits set in one word. */
export function popcount(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Rows in the set. */
export function countBits(bits: Bits): number {
  let count = 0;
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i] as number;
    if (word !== 0) count += popcount(word);
  }
  return count;
}

/** Rows in both sets. */
export function countBoth(a: Bits, b: Bits): number {
  let count = 0;
  for (let i = 0; i < a.length; i++) {
    const word = (a[i] as number) & (b[i] as number);
    if (word !== 0) count += popcount(word);
  }
  return count;
}

/** `target` becomes what is in it and in `other`. */
export function andInto(target: Bits, other: Bits): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) & (other[i] as number);
}

/** `target` becomes what is in it or in `other`. */
export function orInto(target: Bits, other: Bits): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) | (other[i] as number);
}

/** `target` loses what is in `other`. */
export function andNotInto(target: Bits, other: Bits): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) & ~(other[i] as number);
}

/** `target` becomes what is in `a` and not in `b`. */
export function andNot(target: Bits, a: Bits, b: Bits): void {
  for (let i = 0; i < target.length; i++) target[i] = (a[i] as number) & ~(b[i] as number);
}

/** Calls for each row of the set, in order; stops where the call gives false. */
export function forEachBit(bits: Bits, call: (row: number) => unknown): void {
  for (let i = 0; i < bits.length; i++) {
    let word = bits[i] as number;
    while (word !== 0) {
      const lowest = word & -word;
      if (call((i << 5) + (31 - Math.clz32(lowest))) === false) return;
      word ^= lowest;
    }
  }
}

/** Sets that are taken and given back, so that a lookup allocates none. All of one length. */
export class BitPool {
  readonly words: number;
  readonly #free: Bits[] = [];

  constructor(words: number) {
    this.words = words;
  }

  /** A set with anything in it. */
  take(): Bits {
    return this.#free.pop() ?? new Uint32Array(this.words);
  }

  /** An empty set. */
  takeEmpty(): Bits {
    const bits = this.#free.pop();
    return bits === undefined ? new Uint32Array(this.words) : bits.fill(0);
  }

  /** Takes a set back; nobody may hold it any more. */
  give(bits: Bits): void {
    if (bits.length === this.words && this.#free.length < POOLED_SETS_MAX) this.#free.push(bits);
  }
}

/** Sets kept for the next query; more are left to the garbage collector. */
const POOLED_SETS_MAX = 32;
