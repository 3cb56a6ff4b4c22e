import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import type { DictionaryColumn } from './dictionary-column.ts';
import type { Pace, Turns } from './pace.ts';
import type { Column, PathNode } from './path-tree.ts';
import {
  Checksum,
  type ColumnHead,
  END_MARK,
  LIST_BLOCK_ENTRIES,
  SNAPSHOT_LINE,
  type SnapshotMeta,
} from './snapshot-format.ts';
import type { Table } from './table.ts';
import type { TextColumn } from './text-column.ts';

/*
 * Writes a snapshot. Nothing may write to the table meanwhile (queries may read): the follower waits. Bytes go to the
 * file as they stand in the columns, without a copy; the file system's threads write them, this one only sums them up in
 * slices. The file takes its name when it is whole. It is not synced: after a power failure it may be cut, its checksum
 * tells, and the columns are built from the store.
 */

/** Bytes summed up between two looks at the clock. */
const PIECE_BYTES = 512 * 1024;
/** Bytes handed to the file system at once. */
const WRITE_BYTES = 8 * 1024 * 1024;

/** What came of writing a snapshot. */
export interface SnapshotWritten {
  readonly bytes: number;
  readonly milliseconds: number;
}

/** Settings of {@link writeSnapshot}. */
export interface SnapshotWriteOptions {
  readonly file: string;
  readonly position: string;
  readonly turns: Turns;
  readonly pace: Pace;
  /** Give up after so many milliseconds; the follower has waited long enough. */
  readonly timeoutMs: number;
}

/** Writes the table to a file. Undefined where it took too long and was given up. */
export async function writeSnapshot(table: Table, options: SnapshotWriteOptions): Promise<SnapshotWritten | undefined> {
  const { file, turns, pace } = options;
  const began = performance.now();
  const draft = `${file}.${process.pid}.draft`;
  const handle = await open(draft, 'w', 0o600);
  const sink = new Sink(handle);
  try {
    for (const block of snapshotBlocks(table, options.position)) {
      sink.begin(block);
      for (let at = 0; at < block.length; at += PIECE_BYTES) {
        sink.add(block.subarray(at, at + PIECE_BYTES));
        if (sink.waiting >= WRITE_BYTES) await sink.flush();
        if (!pace.due()) continue;
        if (performance.now() - began > options.timeoutMs) return undefined;
        await turns.next();
        pace.restart();
      }
    }
    await sink.end();
    await handle.close();
    await rename(draft, file);
    return { bytes: sink.bytes, milliseconds: performance.now() - began };
  } finally {
    await handle.close().catch(() => undefined);
    await rm(draft, { force: true });
  }
}

class Sink {
  readonly #handle: FileHandle;
  readonly #checksum = new Checksum();
  #pieces: Uint8Array[] = [];
  waiting = 0;
  bytes = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
    this.add(Buffer.from(SNAPSHOT_LINE));
  }

  begin(block: Uint8Array): void {
    this.add(uint32(block.length));
  }

  add(piece: Uint8Array): void {
    this.#checksum.add(piece);
    this.#push(piece);
  }

  #push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.waiting += piece.length;
    this.bytes += piece.length;
  }

  async end(): Promise<void> {
    this.add(uint32(END_MARK));
    this.#push(uint32(this.#checksum.value));
    await this.flush();
  }

  async flush(): Promise<void> {
    let pieces = this.#pieces;
    this.#pieces = [];
    this.waiting = 0;
    while (pieces.length > 0) {
      const now = pieces.slice(0, PIECES_MAX);
      const length = now.reduce((sum, piece) => sum + piece.length, 0);
      const { bytesWritten } = await this.#handle.writev(now);
      if (bytesWritten !== length) {
        // A short write: the rest once more.
        const whole = Buffer.concat(now).subarray(bytesWritten);
        pieces = [whole, ...pieces.slice(PIECES_MAX)];
      } else pieces = pieces.slice(PIECES_MAX);
    }
  }
}

/** What the operating system takes in one call. */
const PIECES_MAX = 512;

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

const bytesOf = (array: Uint8Array | Uint16Array | Uint32Array | Float64Array, length: number): Uint8Array => {
  const part = array.subarray(0, length);
  return new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
};

const jsonBlock = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/** A list as blocks of some entries each. */
function* listBlocks(length: number, entry: (i: number) => unknown): Generator<Uint8Array> {
  for (let from = 0; from < length; from += LIST_BLOCK_ENTRIES) {
    const entries: unknown[] = [];
    for (let i = from; i < Math.min(length, from + LIST_BLOCK_ENTRIES); i++) entries.push(entry(i));
    yield jsonBlock(entries);
  }
}

/** The blocks of a table's snapshot. */
function* snapshotBlocks(table: Table, position: string): Generator<Uint8Array> {
  const { book, tree } = table;
  const order = book.settled();
  const { end } = book;
  const nodes = [...tree.denseNodes, ...tree.sparseNodes];
  const meta: SnapshotMeta = { position, end, columns: nodes.length };
  yield jsonBlock(meta);
  yield* listBlocks(end, (row) => book.identities[row] ?? null);
  yield bytesOf(order.rows, order.length);
  yield bytesOf(table.leaves, end);
  for (const node of nodes) yield* columnBlocks(node, node.column as Column, end);
  yield* textBlocks([], false, table.overflow.column, end);
}

function* columnBlocks(node: PathNode, column: Column, end: number): Generator<Uint8Array> {
  const { segments, volatile } = node;
  switch (column.kind) {
    case 'sparse': {
      const head: ColumnHead = { segments, volatile, kind: 'sparse', rows: column.rows };
      yield jsonBlock(head);
      const entries = [...column.entries()];
      yield* listBlocks(entries.length, (i) => entries[i]);
      return;
    }
    case 'number': {
      const others = [...column.others];
      const head: ColumnHead = { segments, volatile, kind: 'number', rows: column.rows, others: others.length };
      yield jsonBlock(head);
      yield bytesOf(column.values, end);
      yield* listBlocks(others.length, (i) => others[i]);
      return;
    }
    case 'dictionary':
      yield* dictionaryBlocks(segments, volatile, column, end);
      return;
    case 'text':
      yield* textBlocks(segments, volatile, column, end);
  }
}

function* dictionaryBlocks(
  segments: readonly string[],
  volatile: boolean,
  column: DictionaryColumn,
  end: number,
): Generator<Uint8Array> {
  const head: ColumnHead = {
    segments,
    volatile,
    kind: 'dictionary',
    rows: column.rows,
    idBytes: column.ids.BYTES_PER_ELEMENT,
    ids: column.dictionary.idsEnd,
    pinned: column.pinned,
  };
  yield jsonBlock(head);
  const saved = column.dictionary.saved();
  yield* listBlocks(saved.values.length, (id) => saved.values[id]);
  yield bytesOf(saved.refs, saved.refs.length);
  yield bytesOf(saved.hashes, saved.hashes.length);
  yield bytesOf(column.ids, end);
}

function* textBlocks(
  segments: readonly string[],
  volatile: boolean,
  column: TextColumn,
  end: number,
): Generator<Uint8Array> {
  const chunks = [...column.arena.saved()];
  const head: ColumnHead = {
    segments,
    volatile,
    kind: 'text',
    rows: column.rows,
    typeRows: [...column.typeRows],
    live: chunks.map((chunk) => chunk.live),
  };
  yield jsonBlock(head);
  yield bytesOf(column.addresses, end);
  yield bytesOf(column.shapes, end);
  yield bytesOf(column.hashes, end);
  for (const chunk of chunks) yield chunk.bytes;
}
