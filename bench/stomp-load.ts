import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

/*
 * Sends frames made beforehand over one bare socket and counts receipts: what is measured is the server, from the frame
 * on the socket to the receipt.
 */

/** A SEND frame of a registration with a receipt. */
export function sendFrame(destination: string, body: Uint8Array, receipt: string): Buffer {
  const head = `SEND\ndestination:${destination}\nreceipt:${receipt}\ncontent-length:${body.length}\n\n`;
  return Buffer.concat([Buffer.from(head), body, Buffer.from([0])]);
}

/** A connection to a broker that counts receipts. */
export interface StompSender {
  /** Sends all frames with at most `window` unreceipted; resolves with the seconds until the last receipt. */
  sendAll(frames: readonly Buffer[], window: number): Promise<number>;
  /** Sends one; resolves with the milliseconds until its receipt. */
  sendOne(frame: Buffer): Promise<number>;
  readonly refused: number;
  close(): void;
}

/** Connects at STOMP 1.2 without a login. */
export async function openStomp(port: number): Promise<StompSender> {
  const socket: Socket = await new Promise((done, fail) => {
    const opening = connect(port, '127.0.0.1', () => done(opening)).on('error', fail);
  });
  let receipts = 0;
  let refused = 0;
  let onReceipt: () => void = () => {};
  let rest = '';
  const connected = new Promise<void>((done, fail) => {
    socket.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString('latin1')).split('\0');
      rest = parts.pop() as string;
      for (const part of parts) {
        const frame = part.trimStart();
        if (frame.startsWith('CONNECTED')) done();
        else if (frame.startsWith('RECEIPT')) {
          receipts += 1;
          if (frame.includes('\nrefused:')) refused += 1;
        } else if (frame.startsWith('ERROR')) fail(new Error(frame));
      }
      onReceipt();
    });
    socket.on('error', fail);
  });
  socket.write('CONNECT\naccept-version:1.2\nhost:muster\n\n\0');
  await connected;

  const sendAll = (frames: readonly Buffer[], window: number): Promise<number> =>
    new Promise((done) => {
      const first = receipts;
      let sent = 0;
      const started = performance.now();
      const fill = () => {
        const done_ = receipts - first;
        if (done_ === frames.length) return done((performance.now() - started) / 1000);
        socket.cork();
        while (sent < frames.length && sent - done_ < window) {
          socket.write(frames[sent] as Buffer);
          sent += 1;
        }
        socket.uncork();
      };
      onReceipt = fill;
      fill();
    });
  return {
    sendAll,
    sendOne: async (frame) => (await sendAll([frame], 1)) * 1000,
    get refused() {
      return refused;
    },
    close: () => socket.destroy(),
  };
}
