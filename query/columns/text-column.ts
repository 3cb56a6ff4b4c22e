import type { Json } from '../../core/index.ts';
import { Arena } from './arena.ts';
import { type Bits, setBit } from './bits.ts';
import { type ColumnBase, capacityFor } from './column.ts';
import { hashValue, TYPE_BITS, typeBit } from './values.ts';

/** How a value's bytes are to be read; 0 is no value. */
const TEXT = 1;
const JSON_TEXT = 2;
const NUMBER = 3;
const KIND_MASK = 3;

/** The kind of a text that stands in the arena as it is, one byte a character. */
export const CHUNK_TEXT_KIND = TEXT;

const BEYOND_LATIN1 = /[\u0100-\uffff]/;
const EACH_BEYOND_LATIN1 = /[\u0100-\uffff]/g;
const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Bytes of a column up to which a scan reads whole chunks as one string each. */
const WHOLE_CHUNKS_BYTES_MAX = 8 * 1024 * 1024;

/**
 * A column of many distinct values of any type: bytes in an arena, and address, length and hash a row. Texts of one byte
 * a character are kept as they are, numbers as 8 bytes, everything else as JSON. One value is looked for by its hash.
 */
export class TextColumn implements ColumnBase {
  readonly kind = 'text';
  readonly arena: Arena;
  addresses: Uint32Array<ArrayBuffer>;
  /** Length in bytes times 4, plus the kind. */
  shapes: Uint32Array<ArrayBuffer>;
  hashes: Uint32Array<ArrayBuffer>;
  rows: number;
  /** Rows by the place of their value's type bit. */
  readonly typeRows: Uint32Array;
  static #scanned: TextColumn | undefined;
  #chunkTexts: (string | undefined)[] = [];

  constructor(parts?: {
    readonly arena: Arena;
    readonly addresses: Uint32Array<ArrayBuffer>;
    readonly shapes: Uint32Array<ArrayBuffer>;
    readonly hashes: Uint32Array<ArrayBuffer>;
    readonly rows: number;
    readonly typeRows: Uint32Array;
  }) {
    this.arena = parts?.arena ?? new Arena();
    this.addresses = parts?.addresses ?? new Uint32Array(0);
    this.shapes = parts?.shapes ?? new Uint32Array(0);
    this.hashes = parts?.hashes ?? new Uint32Array(0);
    this.rows = parts?.rows ?? 0;
    this.typeRows = parts?.typeRows ?? new Uint32Array(6);
  }

  get arrays(): number {
    return this.typeRows[ARRAY_PLACE] as number;
  }

  has(row: number): boolean {
    return row < this.shapes.length && this.shapes[row] !== 0;
  }

  get(row: number): Json | undefined {
    if (!this.has(row)) return undefined;
    const shape = this.shapes[row] as number;
    const address = this.addresses[row] as number;
    const chunk = this.arena.chunkOf(address);
    const offset = this.arena.offsetOf(address);
    const kind = shape & KIND_MASK;
    if (kind === NUMBER) return chunk.readDoubleLE(offset);
    const text = chunk.toString('latin1', offset, offset + (shape >>> 2));
    return kind === TEXT ? text : (JSON.parse(text) as Json);
  }

  set(row: number, value: Json): boolean {
    if (row >= this.shapes.length) this.reserve(capacityFor(row + 1));
    const hash = hashValue(value);
    const shape = this.shapes[row] as number;
    const isNew = shape === 0;
    if (!isNew && this.hashes[row] === hash && this.#holds(row, value)) return false;
    if (!isNew) this.#countType(this.#typeOf(row), -1);
    this.#countType(typeBit(value), 1);
    this.#write(row, value);
    this.hashes[row] = hash;
    if (isNew) this.rows += 1;
    return isNew;
  }

  clear(row: number): boolean {
    if (!this.has(row)) return false;
    this.#countType(this.#typeOf(row), -1);
    this.arena.release(this.addresses[row] as number, (this.shapes[row] as number) >>> 2);
    this.shapes[row] = 0;
    this.rows -= 1;
    return true;
  }

  presentInto(bits: Bits): void {
    const end = Math.min(this.shapes.length, bits.length * 32);
    for (let row = 0; row < end; row++) if (this.shapes[row] !== 0) setBit(bits, row);
  }

  reserve(capacity: number): void {
    if (capacity <= this.shapes.length) return;
    const larger = (array: Uint32Array): Uint32Array<ArrayBuffer> => {
      const made = new Uint32Array(capacity);
      made.set(array);
      return made;
    };
    this.addresses = larger(this.addresses);
    this.shapes = larger(this.shapes);
    this.hashes = larger(this.hashes);
  }

  get capacity(): number {
    return this.shapes.length;
  }

  get bytes(): number {
    return this.arena.bytes + this.shapes.byteLength * 3;
  }

  /** Calls for the rows that hold one of the values. */
  forEachEqual(values: readonly Json[], call: (row: number) => void): void {
    const byHash = new Map<number, Json[]>();
    for (const value of values) {
      const hash = hashValue(value);
      const known = byHash.get(hash);
      if (known === undefined) byHash.set(hash, [value]);
      else known.push(value);
    }
    const only = byHash.size === 1 ? (byHash.keys().next().value as number) : -1;
    const { hashes, shapes } = this;
    for (let row = 0; row < shapes.length; row++) {
      const hash = hashes[row] as number;
      if (only === -1 ? !byHash.has(hash) : hash !== only) continue;
      if (shapes[row] === 0) continue;
      if ((byHash.get(hash) as Json[]).some((value) => this.#holds(row, value))) call(row);
    }
  }

  /** True where it is small enough that a scan reads whole chunks. */
  get readsWholeChunks(): boolean {
    return this.arena.used <= WHOLE_CHUNKS_BYTES_MAX;
  }

  /** A reader for a run over many rows: faster than {@link get} where values are short. */
  reader(): (row: number) => Json | undefined {
    if (!this.readsWholeChunks) return (row) => this.get(row);
    return (row) => {
      if (row >= this.shapes.length) return undefined;
      const shape = this.shapes[row] as number;
      if ((shape & KIND_MASK) !== TEXT) return this.get(row);
      const address = this.addresses[row] as number;
      const offset = this.arena.offsetOf(address);
      return this.chunkText(address).substring(offset, offset + (shape >>> 2));
    };
  }

  /** The whole chunk of an address as text. The column scanned last keeps its chunks so, until it is written. */
  chunkText(address: number): string {
    if (TextColumn.#scanned !== this) {
      if (TextColumn.#scanned !== undefined) TextColumn.#scanned.#chunkTexts = [];
      TextColumn.#scanned = this;
    }
    const number = address >>> 20;
    const text = this.#chunkTexts[number] ?? this.arena.chunkOf(address).toString('latin1');
    this.#chunkTexts[number] = text;
    return text;
  }

  /** Moves values out of one chunk of which most is given up. False where there is none. */
  compactOnce(): boolean {
    const chunk = this.arena.worstChunk();
    if (chunk === -1) return false;
    const from = this.arena.chunks[chunk] as Buffer;
    for (let row = 0; row < this.shapes.length; row++) {
      const address = this.addresses[row] as number;
      if (this.shapes[row] === 0 || address >>> 20 !== chunk) continue;
      const length = (this.shapes[row] as number) >>> 2;
      const offset = this.arena.offsetOf(address);
      const moved = this.arena.allocate(length);
      from.copy(this.arena.chunkOf(moved), this.arena.offsetOf(moved), offset, offset + length);
      this.arena.release(address, length);
      this.addresses[row] = moved;
    }
    this.arena.dropChunk(chunk);
    this.#chunkTexts = [];
    return true;
  }

  #write(row: number, value: Json): void {
    if (this.#chunkTexts.length > 0) this.#chunkTexts = [];
    if (typeof value === 'number') {
      const address = this.#place(row, 8, NUMBER);
      this.arena.chunkOf(address).writeDoubleLE(value, this.arena.offsetOf(address));
      return;
    }
    const plain = typeof value === 'string' && !BEYOND_LATIN1.test(value);
    const text = plain ? value : JSON.stringify(value).replace(EACH_BEYOND_LATIN1, escaped);
    const address = this.#place(row, text.length, plain ? TEXT : JSON_TEXT);
    this.arena.chunkOf(address).write(text, this.arena.offsetOf(address), text.length, 'latin1');
  }

  /** Room for the row's new value: its old place where it fits, else a new one. */
  #place(row: number, length: number, kind: number): number {
    const before = this.shapes[row] as number;
    let address = this.addresses[row] as number;
    const room = before >>> 2;
    if (before === 0 || room < length) {
      if (before !== 0) this.arena.release(address, room);
      address = this.arena.allocate(length);
      this.addresses[row] = address;
    } else if (room > length) this.arena.release(address, room - length);
    this.shapes[row] = length * 4 + kind;
    return address;
  }

  #holds(row: number, value: Json): boolean {
    const shape = this.shapes[row] as number;
    const address = this.addresses[row] as number;
    const chunk = this.arena.chunkOf(address);
    const offset = this.arena.offsetOf(address);
    const kind = shape & KIND_MASK;
    if (typeof value === 'number') return kind === NUMBER && chunk.readDoubleLE(offset) === value;
    if (kind === NUMBER) return false;
    const length = shape >>> 2;
    if (kind === TEXT) {
      if (typeof value !== 'string' || value.length !== length) return false;
      for (let i = 0; i < length; i++) if (chunk[offset + i] !== value.charCodeAt(i)) return false;
      return true;
    }
    if (typeof value === 'string' && !BEYOND_LATIN1.test(value)) return false;
    return (
      chunk.toString('latin1', offset, offset + length) === JSON.stringify(value).replace(EACH_BEYOND_LATIN1, escaped)
    );
  }

  #countType(bit: number, rows: number): void {
    const place = 31 - Math.clz32(bit);
    this.typeRows[place] = (this.typeRows[place] as number) + rows;
  }

  /** The type bit of a row's value, without reading all of it. */
  #typeOf(row: number): number {
    const kind = (this.shapes[row] as number) & KIND_MASK;
    if (kind === TEXT) return TYPE_BITS.string;
    if (kind === NUMBER) return TYPE_BITS.number;
    const address = this.addresses[row] as number;
    switch (this.arena.chunkOf(address)[this.arena.offsetOf(address)]) {
      case 0x22:
        return TYPE_BITS.string;
      case 0x5b:
        return TYPE_BITS.array;
      case 0x7b:
        return TYPE_BITS.object;
      case 0x6e:
        return TYPE_BITS.null;
      default:
        return TYPE_BITS.bool;
    }
  }
}

const ARRAY_PLACE = 31 - Math.clz32(TYPE_BITS.array);
