import { type FileHandle, open } from 'node:fs/promises';
import type { Identity, Json } from '../../core/index.ts';
import { Arena } from './arena.ts';
import { Dictionary } from './dictionary.ts';
import { DictionaryColumn, type Ids } from './dictionary-column.ts';
import { NumberColumn } from './number-column.ts';
import { Checksum, type ColumnHead, END_MARK, SNAPSHOT_LINE, type SnapshotMeta } from './snapshot-format.ts';
import { SparseColumn } from './sparse-column.ts';
import { Table, type TableOptions } from './table.ts';
import { TextColumn } from './text-column.ts';

/*
 * Reads a snapshot: large arrays straight to where they stay, the rest through a buffer. Whatever does not fit (another
 * version, a cut file, a wrong checksum) throws; the caller throws the file away. Nothing of it is used before its
 * checksum was right.
 */

/** What a snapshot held. */
export interface SnapshotRead {
  readonly table: Table;
  readonly position: string;
}

/** Why a snapshot cannot be used. */
export class SnapshotUnusable extends Error {}

const BUFFER_BYTES = 256 * 1024;

/** Reads a table from a file. @throws SnapshotUnusable, or the file system's error (ENOENT where there is none). */
export async function readSnapshot(file: string, options: TableOptions): Promise<SnapshotRead> {
  const handle = await open(file, 'r');
  try {
    const source = new Source(handle, (await handle.stat()).size);
    return await readTable(source, options);
  } catch (thrown) {
    if (thrown instanceof SyntaxError || thrown instanceof RangeError || thrown instanceof TypeError) {
      throw new SnapshotUnusable(`its content is damaged: ${thrown.message}`, { cause: thrown });
    }
    throw thrown;
  } finally {
    await handle.close();
  }
}

async function readTable(source: Source, options: TableOptions): Promise<SnapshotRead> {
  const line = Buffer.alloc(SNAPSHOT_LINE.length);
  await source.fill(line);
  if (line.toString('latin1') !== SNAPSHOT_LINE) {
    throw new SnapshotUnusable('it has another format or version, or is of another kind of machine');
  }
  const meta = (await source.json()) as SnapshotMeta;
  const { end } = meta;
  const table = new Table({ ...options, rows: end });
  const identities = (await source.list(end)) as (Identity | null)[];
  const used = identities.reduce((count, identity) => count + (identity === null ? 0 : 1), 0);
  const order = new Uint32Array(used);
  await source.block(order);
  await source.block(table.leaves.subarray(0, end));
  for (let i = 0; i < meta.columns; i++) {
    const head = (await source.json()) as ColumnHead;
    table.adopt(head.segments, await readColumn(source, head, table, end), head.volatile);
  }
  const beside = (await source.json()) as ColumnHead;
  table.adoptOverflow(await readTexts(source, beside, table, end));
  await source.finish();
  table.restored(identities, order);
  return { table, position: meta.position };
}

async function readColumn(source: Source, head: ColumnHead, table: Table, end: number) {
  const capacity = table.book.capacity;
  switch (head.kind) {
    case 'sparse': {
      const column = new SparseColumn();
      for (const [row, value] of (await source.list(head.rows)) as [number, Json][]) column.set(row, value);
      return column;
    }
    case 'number': {
      const values = new Float64Array(capacity);
      values.fill(Number.NaN, await source.rows(values.subarray(0, end)));
      const others = new Map((await source.list(head.others ?? 0)) as [number, Json][]);
      return new NumberColumn(values, head.rows - others.size, others);
    }
    case 'dictionary': {
      const values = (await source.list(head.ids ?? 0)) as (Json | undefined)[];
      const refs = new Uint32Array(values.length);
      await source.block(refs);
      const hashes = new Uint32Array(values.length);
      await source.block(hashes);
      const ids: Ids =
        head.idBytes === 1
          ? new Uint8Array(capacity)
          : head.idBytes === 2
            ? new Uint16Array(capacity)
            : new Uint32Array(capacity);
      await source.rows(ids.subarray(0, end));
      const dictionary = Dictionary.restore(values, refs, hashes);
      return new DictionaryColumn(table.cache, head.pinned === true, dictionary, ids, head.rows);
    }
    case 'text':
      return readTexts(source, head, table, end);
  }
}

async function readTexts(source: Source, head: ColumnHead, table: Table, end: number): Promise<TextColumn> {
  const capacity = table.book.capacity;
  const read = async (): Promise<Uint32Array<ArrayBuffer>> => {
    const array = new Uint32Array(capacity);
    await source.rows(array.subarray(0, end));
    return array;
  };
  const addresses = await read();
  const shapes = await read();
  const hashes = await read();
  const arena = new Arena();
  for (const live of head.live ?? []) arena.restoreChunk(await source.bytes(), live);
  return new TextColumn({
    arena,
    addresses,
    shapes,
    hashes,
    rows: head.rows,
    typeRows: Uint32Array.from(head.typeRows ?? []),
  });
}

/** Blocks of a file, one after the other. */
class Source {
  readonly #handle: FileHandle;
  readonly #size: number;
  readonly #buffer = Buffer.alloc(BUFFER_BYTES);
  readonly #checksum = new Checksum();
  #from = 0;
  #to = 0;
  /** Bytes of the file taken into the buffer or past it. */
  #read = 0;

  constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.#size = size;
  }

  /** Fills an array with the next bytes. */
  async fill(into: Uint8Array, summed = true): Promise<void> {
    let done = 0;
    while (done < into.length) {
      if (this.#from < this.#to) {
        const length = Math.min(into.length - done, this.#to - this.#from);
        into.set(this.#buffer.subarray(this.#from, this.#from + length), done);
        this.#from += length;
        done += length;
      } else if (into.length - done >= BUFFER_BYTES) done += await this.#readInto(into, done);
      else {
        this.#to = await this.#readInto(this.#buffer, 0);
        this.#from = 0;
      }
    }
    if (summed) this.#checksum.add(into);
  }

  /** The next block, into an array that has just its length. */
  async block(into: Uint8Array | Uint16Array | Uint32Array | Float64Array): Promise<void> {
    const length = await this.#length();
    if (length !== into.byteLength) {
      throw new SnapshotUnusable(`a block has ${length} bytes where ${into.byteLength} were expected`);
    }
    await this.fill(new Uint8Array(into.buffer, into.byteOffset, into.byteLength));
  }

  /** The next block, into the beginning of an array: a column may have had no room yet for the last rows. */
  async rows(into: Uint8Array | Uint16Array | Uint32Array | Float64Array): Promise<number> {
    const length = await this.#length();
    if (length > into.byteLength || length % into.BYTES_PER_ELEMENT !== 0) {
      throw new SnapshotUnusable(`a block has ${length} bytes where at most ${into.byteLength} were expected`);
    }
    await this.fill(new Uint8Array(into.buffer, into.byteOffset, length));
    return length / into.BYTES_PER_ELEMENT;
  }

  /** The next block, whatever its length. */
  async bytes(): Promise<Buffer> {
    const bytes = Buffer.from(new ArrayBuffer(await this.#length()));
    await this.fill(bytes);
    return bytes;
  }

  async json(): Promise<unknown> {
    return JSON.parse((await this.bytes()).toString('utf8')) as unknown;
  }

  /** A list of so many entries. */
  async list(length: number): Promise<unknown[]> {
    const entries: unknown[] = [];
    while (entries.length < length) {
      const some = await this.json();
      if (!Array.isArray(some) || some.length === 0) throw new SnapshotUnusable('a list in it is not whole');
      for (const entry of some) entries.push(entry);
    }
    if (entries.length !== length) throw new SnapshotUnusable('a list in it is too long');
    return entries;
  }

  /** Checks that the file ends here and was whole. */
  async finish(): Promise<void> {
    const mark = Buffer.alloc(4);
    await this.fill(mark);
    if (mark.readUInt32LE() !== END_MARK) throw new SnapshotUnusable('it does not end where it should');
    const sum = Buffer.alloc(4);
    await this.fill(sum, false);
    if (sum.readUInt32LE() !== this.#checksum.value) throw new SnapshotUnusable('its checksum is wrong');
  }

  async #length(): Promise<number> {
    const head = Buffer.alloc(4);
    await this.fill(head);
    const length = head.readUInt32LE();
    const left = this.#size - this.#read + (this.#to - this.#from);
    if (length > left) throw new SnapshotUnusable(`it is cut: a block of ${length} bytes, ${left} left`);
    return length;
  }

  async #readInto(into: Uint8Array, at: number): Promise<number> {
    const { bytesRead } = await this.#handle.read(into, at, into.length - at, this.#read);
    if (bytesRead === 0) throw new SnapshotUnusable('it is cut');
    this.#read += bytesRead;
    return bytesRead;
  }
}
