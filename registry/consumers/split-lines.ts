import { PieceBuffer } from './piece-buffer.ts';

/** One registration cut out of a stream: its bytes, or the beginning of what is too large to hold. */
export interface Piece {
  /** Which one of the stream, from 1; for NDJSON the line. */
  readonly line: number;
  /** At most as many as the bound says. */
  readonly bytes: Uint8Array;
  /** Bytes it had; more than `bytes` holds where it was over the bound. */
  readonly size: number;
}

/** Cuts a stream into pieces. `push` gives what a chunk completes, `end` what is left over. */
export interface Splitter {
  push(chunk: Uint8Array): readonly Piece[];
  end(): readonly Piece[];
  /** Bytes of the piece that is coming, dropped ones too. */
  readonly open: number;
}

const NEWLINE = 0x0a;

/** Cuts at newlines, on bytes. Blank lines are no pieces, but count as lines. Of a line over the bound the rest is dropped. */
export class LineSplitter implements Splitter {
  readonly #buffer: PieceBuffer;
  #line = 1;

  constructor(bytesMax: number) {
    this.#buffer = new PieceBuffer(bytesMax);
  }

  get open(): number {
    return this.#buffer.seen;
  }

  push(chunk: Uint8Array): readonly Piece[] {
    const pieces: Piece[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#buffer.add(chunk.subarray(start, end));
      this.#close(pieces);
      start = end + 1;
    }
    this.#buffer.add(chunk.subarray(start));
    return pieces;
  }

  end(): readonly Piece[] {
    const pieces: Piece[] = [];
    this.#close(pieces);
    return pieces;
  }

  #close(pieces: Piece[]): void {
    const size = this.#buffer.seen;
    const bytes = this.#buffer.take();
    if (size > bytes.length || !bytes.every(isBlank)) pieces.push({ line: this.#line, bytes, size });
    this.#line += 1;
  }
}

/** True for JSON's white space. */
export function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
