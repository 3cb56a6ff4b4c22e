import { PieceBuffer } from './piece-buffer.ts';
import { isBlank, type Piece, type Splitter } from './split-lines.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Cuts one JSON text into registrations as it arrives: an array into its elements, anything else is one piece. It looks
 * at brackets and strings only, so that an element that is no JSON spoils none but itself; the parser judges each.
 */
export class JsonSplitter implements Splitter {
  readonly #buffer: PieceBuffer;
  #number = 0;
  #isArray: boolean | undefined;
  /** Brackets open within the element. */
  #depth = 0;
  #inString = false;
  #escaped = false;
  #ended = false;

  constructor(bytesMax: number) {
    this.#buffer = new PieceBuffer(bytesMax);
  }

  get open(): number {
    return this.#buffer.seen;
  }

  /** True where the text was an array: its answer is one of a batch. */
  get isArray(): boolean {
    return this.#isArray === true;
  }

  push(chunk: Uint8Array): readonly Piece[] {
    const pieces: Piece[] = [];
    let start = 0;
    if (this.#isArray === undefined) {
      while (start < chunk.length && isBlank(chunk[start] as number)) start += 1;
      if (start === chunk.length) return pieces;
      this.#isArray = chunk[start] === OPEN_BRACKET;
      if (this.#isArray) start += 1;
    }
    if (!this.#isArray) {
      this.#buffer.add(chunk.subarray(start));
      return pieces;
    }
    for (let at = start; at < chunk.length; at++) {
      if (!this.#endsElement(chunk[at] as number)) continue;
      this.#buffer.add(chunk.subarray(start, at));
      this.#close(pieces, chunk[at] === COMMA);
      start = at + 1;
    }
    this.#buffer.add(chunk.subarray(start));
    return pieces;
  }

  /** After no end at all the array itself is unfinished: a piece of its own says so, unless an element was cut. */
  end(): readonly Piece[] {
    const pieces: Piece[] = [];
    if (this.#isArray === undefined) return pieces;
    const cutWithin = this.#depth > 0 || this.#inString;
    this.#close(pieces, !this.#isArray);
    if (this.#isArray && !this.#ended && !cutWithin) {
      this.#buffer.add(new Uint8Array([OPEN_BRACKET]));
      this.#close(pieces, true);
    }
    return pieces;
  }

  #endsElement(byte: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) this.#inString = false;
      return false;
    }
    switch (byte) {
      case QUOTE:
        this.#inString = true;
        return false;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        this.#depth += 1;
        return false;
      case CLOSE_BRACE:
        if (this.#depth > 0) this.#depth -= 1;
        return false;
      case CLOSE_BRACKET:
        if (this.#depth > 0) {
          this.#depth -= 1;
          return false;
        }
        if (this.#ended) return false;
        this.#ended = true;
        return true;
      case COMMA:
        return this.#depth === 0 && !this.#ended;
      default:
        return false;
    }
  }

  /** @param needed true where an element must stand, as before a comma: an empty one is then a fault of its own. */
  #close(pieces: Piece[], needed: boolean): void {
    const size = this.#buffer.seen;
    const bytes = this.#buffer.take();
    if (size === bytes.length && !needed && bytes.every(isBlank)) return;
    this.#number += 1;
    pieces.push({ line: this.#number, bytes, size });
  }
}
