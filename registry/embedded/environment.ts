import { randomBytes } from 'node:crypto';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { type ErrorEvidence, type Logger, syncDirectory } from '../../core/index.ts';
import { StoreError } from '../node-store.ts';
import { type Commits, createCommits } from './commits.ts';
import { checkDataFile } from './data-file.ts';

/*
 * The LMDB environment: its tables, the mark that says it is ours, durable commits and what their errors mean.
 *
 * - No overlapping sync: with it lmdb's promises resolve before the disk has the data. Without it a commit is
 *   write, fdatasync, meta page through an O_DSYNC descriptor, and only then the promise.
 * - No event-turn batching: it makes promises that nobody holds, and their rejection on a full disk ends the process.
 * - No writemap: a page that the disk has no room for would be a SIGBUS instead of an error.
 */

/** The layout of the tables; another number is a store of another version. */
const STORE_FORMAT = 1;
const DATA_FILE = 'nodes.mdb';
/** Room for LMDB's table of readers: 126 of 64 bytes and a head. */
const LOCK_FILE_BYTES = 16 * 1024;
const GIB = 2 ** 30;
/** With less room than this an input/output error of a commit is taken for a full disk: a short write gives EIO. */
const ROOM_BYTES_MIN = 16 * 1024 * 1024;

/** Record structures that documents share; see node-codec.ts. */
export interface StructureHooks {
  getStructures(): unknown;
  saveStructures(): boolean;
  readonly maxSharedStructures: number;
  shouldShareStructure(keys: readonly string[]): boolean;
}

/** The tables. Node keys are identity keys. */
export interface Tables {
  /** Node -> content: what moves only when the content differs. */
  readonly content: Database<unknown, string>;
  /** Node -> seen record: what moves with every registration, and all that judging one needs. */
  readonly seen: Database<unknown, string>;
  /** Revision of a node -> its key. One entry a node. */
  readonly feed: Database<string, number>;
  /** Revision of a tombstone -> the identity that is gone. */
  readonly gone: Database<string, number>;
  /** Fully qualified name and node key, where they differ -> 1. */
  readonly fqdn: Database<number, [string, string]>;
  /** Kind and id -> small record. */
  readonly records: Database<unknown, [string, string]>;
  readonly meta: Database<unknown, string>;
}

/** An open environment. */
export interface Environment extends Commits {
  readonly tables: Tables;
  /** Marks this store among all others; kept in it. */
  readonly storeId: string;
  /** Bytes of pages that hold data, of all tables. */
  usedBytes(): number;
  readonly bytesMax: number;
  /** Anything LMDB threw, as ours. */
  readFailed(thrown: unknown, doing: string): StoreError;
  close(): Promise<void>;
}

/** Settings of {@link openEnvironment}. */
export interface EnvironmentOptions {
  readonly path: string;
  readonly mapSizeMaxGib: number;
  readonly logger: Logger;
  readonly structures: (meta: Database<unknown, string>) => StructureHooks;
}

/**
 * Opens or makes the environment in a directory.
 * @throws StoreError `store_corrupt` for files that are not ours or not whole, `store_full`, `store_unavailable`.
 */
export async function openEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const file = join(options.path, DATA_FILE);
  const doing = `Opening the embedded store in ${options.path}`;
  let root: RootDatabase | undefined;
  try {
    checkDataFile(file);
    fillLockFile(`${file}-lock`);
    root = open({
      path: file,
      noSubdir: true,
      overlappingSync: false,
      eventTurnBatching: false,
      mapSize: Math.ceil(options.mapSizeMaxGib * GIB),
      maxDbs: 12,
      ...{ permissionsMode: 0o600 },
    });
    const opened = await openTables(root, file, options);
    syncDirectory(options.path);
    return opened;
  } catch (thrown) {
    await root?.close();
    throw await openFailed(thrown, doing, options.path);
  }
}

async function openTables(root: RootDatabase, file: string, options: EnvironmentOptions): Promise<Environment> {
  const corrupt = (why: string, evidence: ErrorEvidence = {}) =>
    new StoreError('store_corrupt', `${file} ${why}`, evidence);
  const stats = root.getStats() as PageStats;
  const isNew = stats.entryCount === 0;
  const meta = root.openDB<unknown, string>('meta', { encoding: 'json', ...{ create: isNew } });
  if (meta === undefined) throw corrupt('is an LMDB file, but not one of Muster');
  const format = meta.get('format');
  if (!isNew && format !== STORE_FORMAT) {
    throw corrupt(`has format ${format === undefined ? 'none' : JSON.stringify(format)}, not ${STORE_FORMAT}`, {
      remedy: 'Open it with the version of Muster that wrote it, or move the directory away: nodes register again',
    });
  }
  const binary = { encoding: 'msgpack' } as const;
  const tables: Tables = {
    meta,
    content: root.openDB('content', { ...binary, ...options.structures(meta) }),
    seen: root.openDB('seen', binary),
    feed: root.openDB('feed', { encoding: 'string' }),
    gone: root.openDB('gone', { encoding: 'string' }),
    fqdn: root.openDB('fqdn', binary),
    records: root.openDB('records', { encoding: 'json' }),
  };
  const commits = createCommits(root, { ...options, failed: (thrown) => commitFailed(thrown, options.path) });
  if (isNew) {
    const id = randomBytes(6).toString('hex');
    await commits.commit({
      put: () => {
        meta.put('store', id);
        meta.put('format', STORE_FORMAT);
      },
    });
  }
  const dataTables = [tables.content, tables.seen, tables.feed, tables.gone, tables.fqdn, tables.records];
  return {
    tables,
    storeId: String(meta.get('store')),
    ...commits,
    usedBytes: () => dataTables.reduce((sum, table) => sum + bytesOf(table.getStats() as PageStats), 0),
    bytesMax: options.mapSizeMaxGib * GIB,
    readFailed: (thrown, doing) =>
      thrown instanceof StoreError
        ? thrown
        : new StoreError('store_corrupt', `${doing} failed: ${messageOf(thrown)}`, { cause: thrown }),
    close: () => root.close(),
  };
}

interface PageStats {
  readonly pageSize: number;
  readonly lastPageNumber: number;
  readonly entryCount: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

function bytesOf(stats: PageStats): number {
  return (stats.treeBranchPageCount + stats.treeLeafPageCount + stats.overflowPages) * stats.pageSize;
}

/** lmdb rejects with an error whose `commitError` is a promise that rejects with the cause. */
async function commitFailed(thrown: unknown, path: string): Promise<StoreError> {
  const outer = thrown as { commitError?: Promise<unknown> };
  const cause: unknown =
    outer.commitError === undefined
      ? thrown
      : await Promise.resolve(outer.commitError).then(
          () => thrown,
          (reason: unknown) => reason,
        );
  const doing = `Writing to the embedded store in ${path}`;
  if (await isFull(cause, path)) {
    return new StoreError('store_full', `${doing} failed: no room on its disk`, { cause });
  }
  return new StoreError('store_unavailable', `${doing} failed: ${messageOf(cause)}`, { cause });
}

const ENOSPC = 28;
const EDQUOT = 122;
const MDB_MAP_FULL = -30792;

async function isFull(cause: unknown, path: string): Promise<boolean> {
  const { code } = cause as { code?: unknown };
  if (code === ENOSPC || code === 'ENOSPC' || code === EDQUOT || code === 'EDQUOT' || code === MDB_MAP_FULL)
    return true;
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize < ROOM_BYTES_MIN;
  } catch {
    return false;
  }
}

const CORRUPT_CODES: ReadonlySet<unknown> = new Set([-30796, -30794, -30793, -30797]);

/**
 * What opening threw, as ours. MDB_CORRUPTED, MDB_VERSION_MISMATCH, MDB_INVALID, MDB_PAGE_NOTFOUND: not a whole LMDB file
 * of this version.
 */
export async function openFailed(thrown: unknown, doing: string, path: string): Promise<StoreError> {
  if (thrown instanceof StoreError) return thrown;
  const { code } = thrown as { code?: unknown };
  const message = `${doing} failed: ${messageOf(thrown)}`;
  if (CORRUPT_CODES.has(code)) return new StoreError('store_corrupt', message, { cause: thrown });
  if (await isFull(thrown, path)) return new StoreError('store_full', message, { cause: thrown });
  return new StoreError('store_unavailable', message, { cause: thrown });
}

/**
 * LMDB maps its lock file for writing and leaves it sparse: on a disk without room the first touch would end the process
 * with SIGBUS. With real bytes in it, a full disk is an error here. The directory is ours alone by now.
 */
function fillLockFile(file: string): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size < LOCK_FILE_BYTES) writeFileSync(file, Buffer.alloc(LOCK_FILE_BYTES), { mode: 0o600, flush: true });
}

/** Makes the directory, for this user only, and says so in our words where that cannot be. */
export function prepareDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    syncDirectory(dirname(path));
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    throw new StoreError(
      code === 'ENOSPC' || code === 'EDQUOT' ? 'store_full' : 'store_unavailable',
      `Making the directory of the embedded store, ${path}, failed: ${messageOf(thrown)}`,
      { cause: thrown, remedy: 'Give the user that runs muster serve a directory it may write' },
    );
  }
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
