import { crc32 } from 'node:zlib';

/*
 * A snapshot file: a line that names the format, then blocks (4 bytes of length, little endian, then the bytes), then a
 * block of length END_MARK's value followed by the CRC-32 of all before it. Numbers stand as the machine has them, so
 * the first line names its byte order too; a file from another kind of machine is thrown away like any in doubt.
 *
 * Blocks in order: meta (JSON); identities by row (JSON lists); order (Uint32); leaves by row (Uint32); then the columns,
 * each a head (JSON) and what its kind needs. Rows are cut at the highest in use. A long list is several blocks, so that
 * making one takes no longer than a slice.
 */

/** Grows with every change of the layout, and of what columns mean. */
export const SNAPSHOT_VERSION = 1;

const endianness = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 'LE' : 'BE';

/** The first line. */
export const SNAPSHOT_LINE = `muster columns ${SNAPSHOT_VERSION} ${endianness}\n`;

/** A length that no block has: the checksum follows. */
export const END_MARK = 0xffff_ffff;

/** Bytes of one block at most: the limit of a Buffer that one read fills. */
export const BLOCK_BYTES_MAX = 0x7fff_0000;

/** Entries of one block of a JSON list. */
export const LIST_BLOCK_ENTRIES = 256;

/** First block. */
export interface SnapshotMeta {
  /** The feed's position up to which all is in. */
  readonly position: string;
  /** Rows, used or not. */
  readonly end: number;
  readonly columns: number;
}

/** Before each column. */
export interface ColumnHead {
  /** Coded segments of its path; empty for what stands beside the columns. */
  readonly segments: readonly string[];
  readonly kind: 'sparse' | 'dictionary' | 'number' | 'text';
  readonly rows: number;
  readonly volatile: boolean;
  /** dictionary: bytes of an id. */
  readonly idBytes?: number;
  /** dictionary: ids, free ones and 0 among them. */
  readonly ids?: number;
  readonly pinned?: boolean;
  /** number: rows whose value is none. */
  readonly others?: number;
  /** text: rows by type, and of each chunk of the arena the bytes in use. */
  readonly typeRows?: readonly number[];
  readonly live?: readonly number[];
}

/** A CRC-32 going on. */
export class Checksum {
  value = 0;

  add(bytes: Uint8Array): void {
    // zlib starts anew where it is given nothing: a block without bytes must not reset the sum.
    if (bytes.length > 0) this.value = crc32(bytes, this.value);
  }
}
