import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

/*
 * Sends frames made beforehand over one bare socket and counts receipts: what is measured is the server, from the frame
 * on the socket to the receipt.
 */

/** A SEND frame with a receipt. */
export function sendFrame(destination: string, body: Uint8Array, receipt: string): Buffer {
  const head = `SEND\ndestination:${destination}\nreceipt:${receipt}\ncontent-length:${body.length}\n\n`;
  return Buffer.concat([Buffer.from(head), body, Buffer.from([0])]);
}

/** A connection to a broker that counts receipts. Every promise rejects when a registration is refused. */
export interface StompSender {
  /** Sends all frames with at most `window` unreceipted; resolves with the seconds until the last receipt. */
  sendAll(frames: readonly Buffer[], window: number): Promise<number>;
  /** Writes frames without waiting for anything. */
  post(frames: readonly Buffer[]): void;
  /** Resolves when everything written has its receipt. */
  settled(): Promise<void>;
  /** Frames written that have no receipt yet. */
  readonly unreceipted: number;
  close(): void;
}

/** Connects at STOMP 1.2 without a login. */
export async function openStomp(port: number): Promise<StompSender> {
  const socket: Socket = await new Promise((done, fail) => {
    const opening = connect(port, '127.0.0.1', () => done(opening)).on('error', fail);
  });
  let unreceipted = 0;
  let failure: Error | undefined;
  let isConnected = false;
  let wake: () => void = () => {};
  let rest = '';
  const read = (frame: string): void => {
    if (frame.startsWith('CONNECTED')) isConnected = true;
    else if (frame.startsWith('RECEIPT')) unreceipted -= 1;
    if (frame.startsWith('ERROR') || frame.includes('\nrefused:')) failure ??= new Error(frame);
  };
  socket.on('data', (chunk: Buffer) => {
    const frames = (rest + chunk.toString('latin1')).split('\0');
    rest = frames.pop() as string;
    for (const frame of frames) read(frame.trimStart());
    wake();
  });
  socket.on('close', () => {
    failure ??= new Error('The broker closed the connection');
    wake();
  });
  /** Resolves when `condition` holds after something has come. */
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((done, fail) => {
      wake = () => {
        if (failure !== undefined) fail(failure);
        else if (condition()) done();
      };
      wake();
    });
  const post = (frames: readonly Buffer[]): void => {
    unreceipted += frames.length;
    socket.cork();
    for (const frame of frames) socket.write(frame);
    socket.uncork();
  };
  socket.write('CONNECT\naccept-version:1.2\nhost:muster\n\n\0');
  await until(() => isConnected);

  return {
    sendAll: async (frames, window) => {
      let sent = 0;
      const started = performance.now();
      await until(() => {
        const more = frames.slice(sent, sent + window - unreceipted);
        sent += more.length;
        if (more.length > 0) post(more);
        return sent === frames.length && unreceipted === 0;
      });
      return (performance.now() - started) / 1000;
    },
    post,
    settled: () => until(() => unreceipted === 0),
    get unreceipted() {
      return unreceipted;
    },
    close: () => socket.destroy(),
  };
}
