import type { Json } from '../../core/index.ts';
import { type Bits, clearBit, setBit } from './bits.ts';
import { type ColumnBase, capacityFor } from './column.ts';
import { Dictionary } from './dictionary.ts';
import type { KeptSet, SetCache } from './set-cache.ts';
import { sameValue, TYPE_BITS } from './values.ts';

/** Ids by row, as narrow as the largest id allows; 0 is no value. */
export type Ids = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/**
 * A column of few distinct values: each once in a dictionary, an id a row. Sets of the rows of one id (0: of no value),
 * and of the rows whose array holds a text, are made when asked for and kept up with every write.
 */
export class DictionaryColumn implements ColumnBase {
  readonly kind = 'dictionary';
  readonly dictionary: Dictionary;
  ids: Ids;
  rows: number;
  /** True for the lists of every node (classes, ...), which stay as they are however many different there are. */
  readonly pinned: boolean;
  readonly #cache: SetCache;
  readonly #sets = new Map<number, KeptSet>();
  readonly #elementSets = new Map<string, KeptSet>();
  /** One copy of each text that stands in lists, with the number of lists that hold it. */
  readonly #texts = new Map<string, { readonly text: string; lists: number }>();
  /** Ids of lists that hold no text, in a pinned column. */
  readonly textless = new Set<number>();
  #idMax: number;
  /** Distinct values at which its kind is thought over again. */
  #reviewAt = DISTINCT_REVIEW_MIN;

  constructor(cache: SetCache, pinned = false, dictionary = new Dictionary(), ids: Ids = new Uint8Array(0), rows = 0) {
    this.#cache = cache;
    this.pinned = pinned;
    this.dictionary = dictionary;
    this.ids = ids;
    this.#idMax = idMaxOf(ids);
    this.rows = rows;
    if (pinned) for (let id = 1; id < dictionary.idsEnd; id++) this.#share(id);
  }

  get arrays(): number {
    return this.dictionary.typeRows[ARRAY_PLACE] as number;
  }

  get typeRows(): ArrayLike<number> {
    return this.dictionary.typeRows;
  }

  /** True once too many of its rows differ: it should become a number or text column. Asked after each write. */
  get tooVaried(): boolean {
    const { size } = this.dictionary;
    if (size < this.#reviewAt || this.pinned) return false;
    if (size * 2 > this.rows) return true;
    this.#reviewAt = size * 2;
    return false;
  }

  has(row: number): boolean {
    return row < this.ids.length && this.ids[row] !== 0;
  }

  get(row: number): Json | undefined {
    return row < this.ids.length ? this.dictionary.values[this.ids[row] as number] : undefined;
  }

  set(row: number, value: Json): boolean {
    if (row >= this.ids.length) this.reserve(capacityFor(row + 1));
    const before = this.ids[row] as number;
    if (before !== 0 && sameValue(this.dictionary.values[before] as Json, value)) return false;
    const id = this.dictionary.hold(value);
    if (id > this.#idMax) this.#widen();
    if (this.pinned && this.dictionary.rowsOf(id) === 1) this.#share(id);
    this.#move(row, before, id);
    if (before !== 0) this.#release(before);
    else this.rows += 1;
    return before === 0;
  }

  clear(row: number): boolean {
    if (!this.has(row)) return false;
    const before = this.ids[row] as number;
    this.#move(row, before, 0);
    this.#release(before);
    this.rows -= 1;
    return true;
  }

  presentInto(bits: Bits): void {
    const absent = this.rowsWith(0);
    for (let i = 0; i < bits.length; i++) bits[i] = (bits[i] as number) | ~(absent[i] as number);
  }

  reserve(capacity: number): void {
    if (capacity <= this.ids.length) return;
    const larger = new (this.ids.constructor as new (length: number) => Ids)(capacity);
    larger.set(this.ids);
    this.ids = larger;
  }

  get capacity(): number {
    return this.ids.length;
  }

  get bytes(): number {
    return this.ids.byteLength + this.dictionary.bytes;
  }

  /** The rows of an id, or of none (0). Kept up with writes while it is kept; not to be written to. */
  rowsWith(id: number): Bits {
    const kept = this.#sets.get(id);
    if (kept !== undefined) {
      kept.used = true;
      return kept.bits;
    }
    const bits = new Uint32Array(this.#cache.words);
    const { ids } = this;
    const end = Math.min(ids.length, bits.length * 32);
    for (let row = 0; row < end; row++) if (ids[row] === id) setBit(bits, row);
    if (id === 0) for (let row = end; row < bits.length * 32; row++) setBit(bits, row);
    const made = this.#cache.keep(bits, () => this.#sets.delete(id));
    this.#sets.set(id, made);
    return bits;
  }

  /** The rows that hold the text, or an array with it. As {@link rowsWith}. */
  rowsWithElement(text: string): Bits {
    const kept = this.#elementSets.get(text);
    if (kept !== undefined) {
      kept.used = true;
      return kept.bits;
    }
    const bits = new Uint32Array(this.#cache.words);
    const { values } = this.dictionary;
    const holds = new Uint8Array(values.length);
    let any = false;
    if (!this.pinned || this.#texts.has(text)) {
      for (let id = 1; id < values.length; id++) {
        const value = values[id];
        if (value === text || (Array.isArray(value) && value.includes(text))) {
          holds[id] = 1;
          any = true;
        }
      }
    }
    if (any) {
      const { ids } = this;
      const end = Math.min(ids.length, bits.length * 32);
      for (let row = 0; row < end; row++) if (holds[ids[row] as number] === 1) setBit(bits, row);
    }
    const made = this.#cache.keep(bits, () => this.#elementSets.delete(text));
    this.#elementSets.set(text, made);
    return bits;
  }

  #move(row: number, before: number, id: number): void {
    this.ids[row] = id;
    if (this.#sets.size > 0) {
      const left = this.#sets.get(before);
      if (left !== undefined) clearBit(left.bits, row);
      const entered = this.#sets.get(id);
      if (entered !== undefined) setBit(entered.bits, row);
    }
    if (this.#elementSets.size > 0) {
      this.#markElements(row, before, false);
      this.#markElements(row, id, true);
    }
  }

  #markElements(row: number, id: number, on: boolean): void {
    const value = id === 0 ? undefined : this.dictionary.values[id];
    const mark = (text: Json | undefined): void => {
      const kept = typeof text === 'string' ? this.#elementSets.get(text) : undefined;
      if (kept === undefined) return;
      if (on) setBit(kept.bits, row);
      else clearBit(kept.bits, row);
    };
    if (Array.isArray(value)) value.forEach(mark);
    else mark(value);
  }

  #release(id: number): void {
    const value = this.dictionary.values[id];
    if (!this.dictionary.drop(id)) return;
    // The id may come to stand for another value, none of whose rows is in the old set: it is empty, and stays right.
    if (!this.pinned || !Array.isArray(value)) return;
    this.textless.delete(id);
    for (const text of value) {
      const shared = typeof text === 'string' ? this.#texts.get(text) : undefined;
      if (shared === undefined) continue;
      shared.lists -= 1;
      if (shared.lists === 0) this.#texts.delete(text);
    }
  }

  /** Makes a new list hold the one copy of each of its texts. */
  #share(id: number): void {
    const list = this.dictionary.values[id];
    if (!Array.isArray(list)) return;
    if (!list.some((text: Json) => typeof text === 'string')) this.textless.add(id);
    this.dictionary.values[id] = list.map((text: Json) => {
      if (typeof text !== 'string') return text;
      let shared = this.#texts.get(text);
      if (shared === undefined) {
        shared = { text, lists: 0 };
        this.#texts.set(text, shared);
      }
      shared.lists += 1;
      return shared.text;
    });
  }

  #widen(): void {
    const wider = this.ids.BYTES_PER_ELEMENT === 1 ? Uint16Array : Uint32Array;
    this.ids = wider.from(this.ids) as Ids;
    this.#idMax = idMaxOf(this.ids);
  }
}

function idMaxOf(ids: Ids): number {
  return 2 ** (8 * ids.BYTES_PER_ELEMENT) - 1;
}

const ARRAY_PLACE = 31 - Math.clz32(TYPE_BITS.array);

/** Distinct values below which a column always stays a dictionary. */
const DISTINCT_REVIEW_MIN = 1024;
