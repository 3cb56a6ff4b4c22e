import type { Socket } from 'node:net';
import type { FrameHeaders } from '../link.ts';
import { encodeHead, headersFor, type StompVersion } from '../stomp/frame.ts';

/** Bytes up to which the frames of one turn are joined into one buffer before they are written. */
const JOINED_BYTES_MAX = 64 * 1024;
const NUL = Buffer.from([0]);

/** What {@link Outgoing} tells. */
export interface OutgoingHandlers {
  readonly bytesMax: number;
  readonly highBytes: number;
  /** More than `bytesMax` wait for the reader. */
  onOverflow(): void;
  /** All has been read after there was more than `highBytes`. */
  onRoom(): void;
}

/**
 * The writing side of one connection. Frames of one turn of the event loop are written together: a thousand receipts
 * cost a few system calls, not a thousand.
 */
export class Outgoing {
  readonly #socket: Socket;
  readonly #handlers: OutgoingHandlers;
  #chunks: Buffer[] = [];
  #text = '';
  #bytes = 0;
  #scheduled = false;
  #congested = false;
  #ended = false;
  /** Milliseconds of performance.now() at the last write. */
  lastWriteAt = performance.now();

  constructor(socket: Socket, handlers: OutgoingHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    socket.on('drain', () => {
      if (!this.#congested) return;
      this.#congested = false;
      handlers.onRoom();
    });
  }

  /** True while the reader is slow: nothing that can wait should be sent. */
  get congested(): boolean {
    return this.#congested;
  }

  /** Queues a frame; headers that the version cannot say are blanked. */
  frame(command: string, headers: FrameHeaders, body: Buffer | undefined, version: StompVersion): void {
    if (this.#ended) return;
    this.#text += encodeHead(command, headersFor(version, headers), body?.length ?? 0, version);
    if (body === undefined || body.length === 0) this.#text += '\0';
    else {
      this.#cutText();
      this.#chunks.push(body, NUL);
      this.#bytes += body.length + 1;
    }
    this.#schedule();
  }

  /** Queues a line feed: this side lives. */
  heartbeat(): void {
    if (this.#ended) return;
    this.#text += '\n';
    this.#schedule();
  }

  #cutText(): void {
    if (this.#text === '') return;
    const chunk = Buffer.from(this.#text, 'utf8');
    this.#text = '';
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  #schedule(): void {
    const waiting = this.#bytes + this.#text.length + this.#socket.writableLength;
    if (waiting > this.#handlers.highBytes) this.#congested = true;
    if (waiting > this.#handlers.bytesMax) {
      this.#ended = true;
      this.#chunks = [];
      this.#text = '';
      this.#handlers.onOverflow();
      return;
    }
    if (this.#scheduled) return;
    this.#scheduled = true;
    // After all promises that are settled now: their receipts go out together.
    process.nextTick(() => this.flush());
  }

  /** Writes what is queued now. */
  flush(): void {
    this.#scheduled = false;
    this.#cutText();
    const chunks = this.#chunks;
    if (chunks.length === 0 || this.#socket.destroyed) return;
    this.#chunks = [];
    const bytes = this.#bytes;
    this.#bytes = 0;
    this.lastWriteAt = performance.now();
    if (bytes <= JOINED_BYTES_MAX || chunks.length === 1) {
      this.#socket.write(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes));
    } else {
      this.#socket.cork();
      for (const chunk of chunks) this.#socket.write(chunk);
      this.#socket.uncork();
    }
    // The socket took it all at once: there will be no drain event to wait for.
    if (this.#congested && !this.#socket.writableNeedDrain) {
      this.#congested = false;
      this.#handlers.onRoom();
    }
  }

  /** Writes what is queued and ends the writing side. */
  end(): void {
    if (this.#ended) return;
    this.flush();
    this.#ended = true;
    this.#socket.end();
  }
}
