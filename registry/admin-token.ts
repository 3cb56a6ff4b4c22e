import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RegistryError } from './errors.ts';
import { isTokenText, newToken } from './tokens.ts';

/** Permission bits of everybody but the owner. */
const OTHERS = 0o077;
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
/** A token and its newline; anything longer is not one. */
const FILE_BYTES_MAX = 1024;

/**
 * The local admin token: read from its file, or made at first start. The file appears whole or not at all, only its
 * owner may read it, and of two processes that start at once both get the same token.
 * @throws RegistryError `key_unreadable` where the file is open to others, is somebody else's, or holds no token.
 */
export async function ensureAdminToken(file: string): Promise<string> {
  const there = await readAdminToken(file);
  if (there !== undefined) return there;
  await mkdir(dirname(file), { recursive: true, mode: DIRECTORY_MODE });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeDurably(draft, `${newToken()}\n`);
    // link() fails where the name is taken, unlike rename(): the token of whoever came first stays.
    await link(draft, file).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EEXIST') throw cause;
    });
  } catch (cause) {
    throw unreadable(file, `it cannot be made: ${(cause as Error).message}`, cause);
  } finally {
    await unlink(draft).catch(() => undefined);
  }
  const made = await readAdminToken(file);
  if (made === undefined) throw unreadable(file, 'it went away while it was made');
  return made;
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, FILE_MODE);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Reads the token; undefined where there is no file.
 * @throws RegistryError `key_unreadable`.
 */
async function readAdminToken(file: string): Promise<string | undefined> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw unreadable(file, `it cannot be opened: ${cause.message}`, cause);
  });
  if (handle === undefined) return undefined;
  try {
    const stat = await handle.stat();
    if (!stat.isFile() || stat.size > FILE_BYTES_MAX) throw unreadable(file, 'it is not a token file');
    if ((stat.mode & OTHERS) !== 0) {
      throw unreadable(
        file,
        `others may use it (mode ${(stat.mode & 0o777).toString(8)})`,
        undefined,
        `chmod 600 ${file}`,
      );
    }
    const uid = process.getuid?.();
    if (uid !== undefined && uid !== 0 && stat.uid !== uid) throw unreadable(file, 'it belongs to another user');
    const token = (await handle.readFile('utf8')).trim();
    if (!isTokenText(token)) throw unreadable(file, 'it holds no token', undefined, 'Remove it: a new one is made');
    return token;
  } finally {
    await handle.close();
  }
}

function unreadable(file: string, why: string, cause?: unknown, remedy?: string): RegistryError {
  return new RegistryError('key_unreadable', `The admin token file ${file} cannot be used: ${why}`, {
    field: file,
    ...(cause === undefined ? {} : { cause }),
    ...(remedy === undefined ? {} : { remedy }),
  });
}
