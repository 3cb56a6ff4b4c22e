import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { StoreError } from '../node-store.ts';

/*
 * One process a directory. Whoever wants it listens on a Unix socket of its own name in it, and then asks every other
 * socket there. The kernel takes a listener away with its process however that ends, so a socket file that nobody
 * answers on is a leftover and never a lock. (A process number in a file is wrong after a restart of the machine, and
 * seen from another container.)
 *
 * Why two cannot hold it: each listens before it asks. Of two, the one that asks last finds the other listening. One
 * that holds says `h`, one that is still asking says `c`: then the lower name waits for the other, which gives way.
 */

/** Bytes of a socket's path (sun_path has 108 with the closing NUL, man 7 unix). */
const SOCKET_PATH_BYTES_MAX = 107;
const PREFIX = 'lock-';
/** A socket nobody answers on may be about to listen; only older ones are taken away. */
const LEFTOVER_AGE_MS = 60_000;
/** A process that listens and does not answer is taken to hold: it lives. */
const ANSWER_MS = 2_000;
const RETRY_MS = 10;

/** A directory held by this process. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/**
 * Holds a directory for this process until released or dead.
 * @throws StoreError `store_locked` where a living process, this one too, holds it.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const name = PREFIX + randomBytes(6).toString('hex');
  const place = socketPlace(directory, name);
  let isHolder = false;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(isHolder ? 'h' : 'c');
  });
  const release = async (): Promise<void> => {
    await new Promise<void>((resolve) => server.close(() => resolve()));
    place.done();
  };
  try {
    await listen(server, place.path(name));
    for (const other of readdirSync(directory)) {
      if (!other.startsWith(PREFIX) || other === name) continue;
      await outlast(directory, name, other, place.path(other));
    }
  } catch (thrown) {
    await release();
    throw thrown;
  }
  isHolder = true;
  return { release };
}

/** Resolves when the other socket is a leftover or has given way; throws where it holds or comes first. */
async function outlast(directory: string, name: string, other: string, path: string): Promise<void> {
  for (;;) {
    const answer = await ask(path);
    if (answer === 'nobody') break;
    if (answer === 'holds' || other < name) {
      throw new StoreError('store_locked', `Another process uses the embedded store in ${directory}`);
    }
    await setTimeout(RETRY_MS);
  }
  const age = Date.now() - (statSync(join(directory, other), { throwIfNoEntry: false })?.mtimeMs ?? 0);
  if (age > LEFTOVER_AGE_MS) rmSync(join(directory, other), { force: true });
}

function ask(path: string): Promise<'nobody' | 'asks' | 'holds'> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const answer = (text: 'nobody' | 'asks' | 'holds'): void => {
      resolve(text);
      socket.destroy();
    };
    socket.setTimeout(ANSWER_MS, () => answer('holds'));
    socket.once('data', (data) => answer(data.toString() === 'c' ? 'asks' : 'holds'));
    // It was there and went without a word: asked again, it will not be.
    socket.once('end', () => answer('asks'));
    // ECONNREFUSED: a leftover. ENOENT: just gone. Anything else (EAGAIN: a full backlog) is somebody living.
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const isGone = error.code === 'ECONNREFUSED' || error.code === 'ENOENT';
      answer(isGone ? 'nobody' : error.code === 'ECONNRESET' ? 'asks' : 'holds');
    });
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, exclusive: true }, () => {
      server.off('error', reject);
      server.unref();
      resolve();
    });
  });
}

/** Sockets of the directory by name, through an open directory where the whole path is too long for a socket. */
function socketPlace(directory: string, longest: string): { path(name: string): string; done(): void } {
  if (Buffer.byteLength(join(directory, longest)) <= SOCKET_PATH_BYTES_MAX) {
    return { path: (name) => join(directory, name), done: () => undefined };
  }
  const handle = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: (name) => `/proc/self/fd/${handle}/${name}`, done: () => closeSync(handle) };
}
