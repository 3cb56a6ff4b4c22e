import { closeSync, constants, linkSync, lstatSync, openSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { StoreError } from '../node-store.ts';

/*
 * One process a directory. The lock is a listening Unix socket in it: the kernel takes the listener away with its
 * process however that ends, so a socket file that nobody answers on is a leftover, never a lock. A process number in
 * a file would be wrong after a restart of the machine or seen from another container; a listener is not.
 */

/** Bytes of a socket's path, with the closing NUL (sun_path, man 7 unix). */
const SOCKET_PATH_BYTES_MAX = 107;
const ATTEMPTS_MAX = 5;
const LOCK_NAME = 'lock';

/** A directory held by this process. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/**
 * Holds a directory for this process until released or dead.
 * @throws StoreError `store_locked` where a living process, this one too, holds it.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const path = socketPath(directory);
  for (let attempt = 1; ; attempt++) {
    const server = await listen(path.name);
    if (server !== undefined) {
      return {
        release: async () => {
          await new Promise<void>((resolve) => server.close(() => resolve()));
          path.done();
        },
      };
    }
    const inode = inodeOf(path.name);
    if ((await isAnswered(path.name)) || attempt === ATTEMPTS_MAX) {
      path.done();
      throw new StoreError('store_locked', `Another process uses the embedded store in ${directory}`);
    }
    if (inode !== undefined) removeLeftover(path.name, inode);
  }
}

/** Binding is atomic: of two processes that bind the same name, one gets EADDRINUSE. */
function listen(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen({ path: name, exclusive: true }, () => {
      server.unref();
      resolve(server);
    });
  });
}

function isAnswered(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(name);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // ECONNREFUSED: a leftover; ENOENT: its owner has just gone. EAGAIN is a living listener with a full backlog.
    socket.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}

/** Takes the leftover that was asked away, and only that one: another starter may have put its own there meanwhile. */
function removeLeftover(name: string, inode: number): void {
  const aside = `${name}.${process.pid}`;
  try {
    renameSync(name, aside);
  } catch {
    return;
  }
  if (inodeOf(aside) !== inode) {
    try {
      linkSync(aside, name);
    } catch {
      // A third starter holds the name by now; whoever lost it keeps its listener and LMDB keeps both from harm.
    }
  }
  rmSync(aside, { force: true });
}

function inodeOf(name: string): number | undefined {
  return lstatSync(name, { throwIfNoEntry: false })?.ino;
}

/** The socket's name, through an open directory where the whole path is too long for one. */
function socketPath(directory: string): { readonly name: string; done(): void } {
  const name = join(directory, LOCK_NAME);
  if (Buffer.byteLength(name) <= SOCKET_PATH_BYTES_MAX - 12) return { name, done: () => undefined };
  const handle = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  return { name: `/proc/self/fd/${handle}/${LOCK_NAME}`, done: () => closeSync(handle) };
}
