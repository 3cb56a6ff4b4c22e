import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

/*
 * A keep-alive HTTP client on bare sockets: it must cost far less than the server it measures.
 */

/** What a load run saw; durations in milliseconds. */
export interface LoadResult {
  readonly durations: readonly number[];
  readonly errors: number;
  readonly seconds: number;
}

/** Runs `clients` connections, each asking `path()` again as soon as it has its answer, for `seconds`. */
export async function httpLoad(options: {
  readonly port: number;
  readonly clients: number;
  readonly seconds: number;
  readonly path: () => string;
  /** Pause between an answer and the next question, for latency without saturation. */
  readonly pauseMs?: number;
}): Promise<LoadResult> {
  const durations: number[] = [];
  let errors = 0;
  const started = performance.now();
  const until = started + options.seconds * 1000;
  await Promise.all(
    Array.from({ length: options.clients }, async () => {
      const connection = await openConnection(options.port);
      while (performance.now() < until) {
        const asked = performance.now();
        const ok = await connection.get(options.path());
        durations.push(performance.now() - asked);
        if (!ok) errors += 1;
        if (options.pauseMs !== undefined) await new Promise((done) => setTimeout(done, options.pauseMs));
      }
      connection.close();
    }),
  );
  return { durations, errors, seconds: (performance.now() - started) / 1000 };
}

interface Connection {
  get(path: string): Promise<boolean>;
  close(): void;
}

async function openConnection(port: number): Promise<Connection> {
  const socket: Socket = await new Promise((done, fail) => {
    const opening = connect(port, '127.0.0.1', () => done(opening)).on('error', fail);
  });
  socket.setNoDelay(true);
  let buffered: Buffer = Buffer.alloc(0);
  let waiting: ((ok: boolean) => void) | undefined;
  socket.on('data', (chunk: Buffer) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
    const head = buffered.indexOf('\r\n\r\n');
    if (head === -1) return;
    const text = buffered.toString('latin1', 0, head);
    const length = Number(/content-length: *(\d+)/i.exec(text)?.[1] ?? 0);
    if (buffered.length < head + 4 + length) return;
    buffered = buffered.subarray(head + 4 + length);
    const answer = waiting;
    waiting = undefined;
    answer?.(text.startsWith('HTTP/1.1 200'));
  });
  socket.on('close', () => waiting?.(false));
  return {
    get: (path) =>
      new Promise((done) => {
        waiting = done;
        socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`);
      }),
    close: () => socket.destroy(),
  };
}
