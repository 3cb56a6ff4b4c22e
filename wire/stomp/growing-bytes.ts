/**
 * Bytes that arrive in pieces, gathered without copying more than twice: the room doubles. Holding the pieces instead
 * would let a sender of single bytes pin a buffer for each.
 */
export class GrowingBytes {
  #room: Buffer = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds a copy of the bytes. `lengthHint`, where the end is known, keeps the room from growing past it. */
  append(bytes: Buffer, lengthHint = 0): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#room.length) {
      let size = Math.max(needed, this.#room.length * 2, 256);
      if (lengthHint >= needed) size = Math.min(size, lengthHint);
      const room = Buffer.allocUnsafe(size);
      this.#room.copy(room, 0, 0, this.#length);
      this.#room = room;
    }
    bytes.copy(this.#room, this.#length);
    this.#length = needed;
  }

  /** All bytes; begins anew. */
  take(): Buffer {
    const taken = this.#room.subarray(0, this.#length);
    this.#room = Buffer.alloc(0);
    this.#length = 0;
    return taken;
  }
}
