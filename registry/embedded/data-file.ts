import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { StoreError } from '../node-store.ts';

/*
 * A look at LMDB's data file before LMDB maps it. What is not one, or is cut off, must be told by us: lmdb-js ends the
 * process when opening fails half way, and reading a page beyond the end of a mapped file is a SIGBUS.
 *
 * The layout (mdb.c of lmdb-js 3.5, MDB_page_header and MDB_meta, little endian): two meta pages, at 0 and at one page;
 * in each a head of 24 bytes with flags at 18, then magic, version, address, map size, two trees of 48 bytes of which
 * the first begins with the page size, the last page's number, the transaction's number.
 */

const HEAD_BYTES = 176;
const META_FLAG = 0x08;
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const PAGE_BYTES_MIN = 512;
const PAGE_BYTES_MAX = 65_536;
/**
 * Pages that may be missing at the end: the last ones may be free and never have been written. More, and more than a
 * twentieth, is a file cut off.
 */
const UNWRITTEN_PAGES_MAX = 64;

/**
 * Checks the data file; nothing is said of one that is not there or empty, which LMDB fills.
 * @throws StoreError `store_corrupt`; the system's error where the file cannot be opened for writing.
 */
export function checkDataFile(file: string): void {
  let handle: number;
  try {
    handle = openSync(file, 'r+');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw thrown;
  }
  try {
    const bytes = fstatSync(handle).size;
    if (bytes === 0) return;
    const corrupt = (why: string) => new StoreError('store_corrupt', `${file} ${why}`);
    const first = readMeta(handle, 0);
    const second = first === undefined ? undefined : readMeta(handle, first.pageBytes);
    if (first === undefined || second === undefined) throw corrupt('is not a whole LMDB file of this version');
    const newest = first.transaction > second.transaction ? first : second;
    const pages = newest.lastPage + 1n;
    const missing = pages - BigInt(Math.floor(bytes / first.pageBytes));
    if (missing > BigInt(UNWRITTEN_PAGES_MAX) && missing * 20n > pages) {
      throw corrupt(`has ${bytes} bytes and says ${pages} pages of ${first.pageBytes}: it is cut off`);
    }
  } finally {
    closeSync(handle);
  }
}

interface Meta {
  readonly pageBytes: number;
  readonly lastPage: bigint;
  readonly transaction: bigint;
}

function readMeta(handle: number, at: number): Meta | undefined {
  const head = Buffer.alloc(HEAD_BYTES);
  if (readSync(handle, head, 0, HEAD_BYTES, at) < HEAD_BYTES) return undefined;
  const pageBytes = head.readUInt32LE(48);
  const isMeta =
    (head.readUInt16LE(18) & META_FLAG) !== 0 &&
    head.readUInt32LE(24) === MAGIC &&
    head.readUInt32LE(28) === DATA_VERSION &&
    pageBytes >= PAGE_BYTES_MIN &&
    pageBytes <= PAGE_BYTES_MAX &&
    (pageBytes & (pageBytes - 1)) === 0;
  if (!isMeta) return undefined;
  return { pageBytes, lastPage: head.readBigUInt64LE(144), transaction: head.readBigUInt64LE(152) };
}
