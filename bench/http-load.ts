import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

/*
 * A keep-alive HTTP client on bare sockets: it must cost far less than the server it measures.
 */

/** How to ask. */
export interface HttpLoadOptions {
  readonly port: number;
  /** Connections, each asking again as soon as it has its answer. */
  readonly clients: number;
  readonly seconds: number;
  readonly path: () => string;
  /** Pause between an answer and the next question, for latency without saturation. */
  readonly pauseMs?: number;
}

/** What a load run saw. */
export interface HttpLoad {
  /** From the question written to the answer read, milliseconds each. */
  readonly durations: readonly number[];
  readonly perSecond: number;
}

/** Asks for so many seconds. Garbage of this process is collected before, so that it is not counted as the server's. */
export async function httpLoad(options: HttpLoadOptions): Promise<HttpLoad> {
  const connections = await Promise.all(Array.from({ length: options.clients }, () => openConnection(options.port)));
  globalThis.gc?.();
  const durations: number[] = [];
  const started = performance.now();
  const until = started + options.seconds * 1000;
  await Promise.all(
    connections.map(async (connection) => {
      while (performance.now() < until) {
        const path = options.path();
        const asked = performance.now();
        await connection.get(path);
        durations.push(performance.now() - asked);
        if (options.pauseMs !== undefined) await new Promise((done) => setTimeout(done, options.pauseMs));
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  for (const connection of connections) connection.close();
  return { durations, perSecond: durations.length / seconds };
}

interface Connection {
  /** Resolves when the answer is read; rejects when it is another than 200. */
  get(path: string): Promise<void>;
  close(): void;
}

async function openConnection(port: number): Promise<Connection> {
  const socket: Socket = await new Promise((done, fail) => {
    const opening = connect(port, '127.0.0.1', () => done(opening)).on('error', fail);
  });
  socket.setNoDelay(true);
  let buffered: Buffer = Buffer.alloc(0);
  let waiting: { readonly done: () => void; readonly fail: (error: Error) => void } | undefined;
  socket.on('data', (chunk: Buffer) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
    const head = buffered.indexOf('\r\n\r\n');
    if (head === -1) return;
    const text = buffered.toString('latin1', 0, head);
    const length = Number(/content-length: *(\d+)/i.exec(text)?.[1] ?? 0);
    if (buffered.length < head + 4 + length) return;
    const body = buffered.subarray(head + 4, head + 4 + length);
    buffered = buffered.subarray(head + 4 + length);
    if (text.startsWith('HTTP/1.1 200')) waiting?.done();
    else waiting?.fail(new Error(`${text.split('\r\n')[0]}: ${body}`));
  });
  socket.on('close', () => waiting?.fail(new Error('The server closed the connection')));
  return {
    get: (path) =>
      new Promise((done, fail) => {
        waiting = { done, fail };
        socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`);
      }),
    close: () => socket.destroy(),
  };
}
