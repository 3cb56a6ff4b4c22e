/*
 * Bytes of many values in chunks, so that a hundred thousand texts are a few objects to the garbage collector and are
 * read from a snapshot as they stand. An address is the chunk's number times CHUNK_BYTES plus the offset within it.
 */

/** Bytes of a chunk; a larger value gets a chunk of its own. */
export const CHUNK_BYTES = 1 << 20;
const CHUNK_SHIFT = 20;
const OFFSET_MASK = CHUNK_BYTES - 1;
/** Chunks that 32-bit addresses reach: 4 GiB of values in one column. */
const CHUNKS_MAX = 4096;

/** Where a value's bytes stand. */
export interface Place {
  readonly chunk: Buffer;
  readonly offset: number;
}

/** Values' bytes, appended, given up, and moved together again. */
export class Arena {
  readonly chunks: Buffer[] = [];
  /** Bytes written to each chunk, and of those the bytes still in use. */
  readonly #written: number[] = [];
  readonly #live: number[] = [];
  #current = -1;
  #freeChunks: number[] = [];
  /** Bytes written in all, and of those given up. */
  used = 0;
  wasted = 0;

  chunkOf(address: number): Buffer {
    return this.chunks[address >>> CHUNK_SHIFT] as Buffer;
  }

  offsetOf(address: number): number {
    return address & OFFSET_MASK;
  }

  /** Room for a value; the caller writes it. */
  allocate(length: number): number {
    let chunk = this.#current;
    const written = this.#written[chunk] ?? 0;
    // At CHUNK_BYTES an address would already name the next chunk, even that of an empty value.
    if (chunk === -1 || written >= CHUNK_BYTES || written + length > (this.chunks[chunk] as Buffer).length) {
      chunk = this.#open(Math.max(CHUNK_BYTES, length));
    }
    const offset = this.#written[chunk] as number;
    this.#written[chunk] = offset + length;
    this.#live[chunk] = (this.#live[chunk] as number) + length;
    this.used += length;
    // Beyond the first CHUNK_BYTES of a large chunk no address reaches: it takes no second value.
    if (offset + length > CHUNK_BYTES) this.#current = -1;
    return chunk * CHUNK_BYTES + offset;
  }

  /** Gives bytes up. */
  release(address: number, length: number): void {
    const chunk = address >>> CHUNK_SHIFT;
    this.#live[chunk] = (this.#live[chunk] as number) - length;
    this.wasted += length;
  }

  /** A chunk of which more than half is given up, while there is much to gain; -1 where none is worth it. */
  worstChunk(): number {
    if (this.wasted < CHUNK_BYTES || this.wasted * 3 < this.used) return -1;
    let worst = -1;
    let most = 0;
    for (let chunk = 0; chunk < this.chunks.length; chunk++) {
      if (chunk === this.#current) continue;
      const written = this.#written[chunk] as number;
      const waste = written - (this.#live[chunk] as number);
      if (waste > most && waste * 2 > written) {
        worst = chunk;
        most = waste;
      }
    }
    return worst;
  }

  /** Drops a chunk of which nothing is in use any more. */
  dropChunk(chunk: number): void {
    const written = this.#written[chunk] as number;
    this.used -= written;
    this.wasted -= written;
    this.chunks[chunk] = Buffer.alloc(0);
    this.#written[chunk] = 0;
    this.#live[chunk] = 0;
    this.#freeChunks.push(chunk);
  }

  get bytes(): number {
    return this.used;
  }

  /** What a snapshot keeps of each chunk: its written bytes, and how many are in use. */
  *saved(): Generator<{ readonly bytes: Buffer; readonly live: number }> {
    for (let chunk = 0; chunk < this.chunks.length; chunk++) {
      yield {
        bytes: (this.chunks[chunk] as Buffer).subarray(0, this.#written[chunk]),
        live: this.#live[chunk] as number,
      };
    }
  }

  /** Takes a chunk from a snapshot; all of them in their order, before anything else. */
  restoreChunk(bytes: Buffer, live: number): void {
    const chunk = this.chunks.push(bytes) - 1;
    this.#written.push(bytes.length);
    this.#live.push(live);
    this.used += bytes.length;
    this.wasted += bytes.length - live;
    if (bytes.length === 0) this.#freeChunks.push(chunk);
  }

  #open(length: number): number {
    const bytes = Buffer.from(new ArrayBuffer(length));
    const reused = this.#freeChunks.pop();
    const chunk = reused ?? this.chunks.length;
    if (chunk >= CHUNKS_MAX) throw new RangeError('A column holds more than 4 GiB');
    this.chunks[chunk] = bytes;
    this.#written[chunk] = 0;
    this.#live[chunk] = 0;
    this.#current = chunk;
    return chunk;
  }
}
