import { connect, type Socket } from 'node:net';
import { encodeFrame, type Frame, type FrameHeaders, FrameParser, type StompVersion } from '../../../wire/index.ts';

/** A STOMP client of bare sockets: says exactly what a test tells it, and waits for what comes. */
export class RawClient {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  heartbeats = 0;
  readonly closed: Promise<void>;
  #version: StompVersion;
  #isClosed = false;
  #watchers: (() => void)[] = [];

  constructor(socket: Socket, version: StompVersion = '1.2') {
    this.socket = socket;
    this.#version = version;
    const parser = new FrameParser({
      onFrame: (frame) => {
        this.frames.push(frame);
        this.#wake();
      },
      onHeartbeat: () => {
        this.heartbeats += 1;
        this.#wake();
      },
    });
    parser.version = version;
    socket.on('data', (chunk: Buffer) => parser.push(chunk));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#isClosed = true;
        this.#wake();
        resolve();
      });
    });
  }

  static open(port: number, version?: StompVersion): RawClient {
    return new RawClient(connect({ host: '127.0.0.1', port }), version);
  }

  /** Opens and logs in. */
  static async connected(port: number, headers: FrameHeaders = {}, version: StompVersion = '1.2'): Promise<RawClient> {
    const client = RawClient.open(port, version);
    client.send('CONNECT', { 'accept-version': version, host: 'x', ...headers });
    await client.next('CONNECTED');
    return client;
  }

  send(command: string, headers: FrameHeaders = {}, body?: Uint8Array | string): void {
    this.socket.write(
      encodeFrame(command, headers, typeof body === 'string' ? Buffer.from(body) : body, this.#version),
    );
  }

  #wake(): void {
    for (const watcher of this.#watchers.splice(0)) watcher();
  }

  /** Resolves once `ready` holds; rejects where the connection closes before. */
  async until(ready: () => boolean): Promise<void> {
    while (!ready()) {
      if (this.#isClosed) throw new Error(`closed; frames: ${this.frames.map((one) => one.command).join(' ')}`);
      await new Promise<void>((wake) => this.#watchers.push(wake));
    }
  }

  /** Takes the next frame of a command out of what came, waiting for it. */
  async next(command: string): Promise<Frame> {
    const find = (): number => this.frames.findIndex((frame) => frame.command === command);
    await this.until(() => find() !== -1);
    return this.frames.splice(find(), 1)[0] as Frame;
  }

  /** A frame whose RECEIPT has come: what the broker was told before is done. */
  async sync(command: string, headers: FrameHeaders = {}, body?: string): Promise<void> {
    const receipt = `sync-${Math.random()}`;
    this.send(command, { ...headers, receipt }, body);
    await this.until(() => this.frames.some((frame) => frame.headers['receipt-id'] === receipt));
    this.frames.splice(
      this.frames.findIndex((frame) => frame.headers['receipt-id'] === receipt),
      1,
    );
  }

  end(): void {
    this.socket.destroy();
  }
}
