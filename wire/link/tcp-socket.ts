import { readFileSync } from 'node:fs';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { IStompSocket } from '@stomp/stompjs';
import { WireError } from '../errors.ts';
import type { StompVersion } from '../stomp/frame.ts';
import { FrameParser } from '../stomp/frame-parser.ts';

/** PEM files of a connection by TLS. */
export interface LinkTls {
  /** Authorities to trust; the system's where left out. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Where a {@link TcpStompSocket} connects to. */
export interface SocketTarget {
  readonly host: string;
  readonly port: number;
  readonly tls?: LinkTls | undefined;
}

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
/** How long a closed socket may take to write out what it has. */
const LINGER_MS = 1000;

/**
 * TCP or TLS in the shape of the websocket that stompjs expects. Its own parser gathers whatever comes without end, so
 * everything passes our bounded one first: a broker that sends nonsense is cut off by name.
 */
export class TcpStompSocket implements IStompSocket {
  readonly url: string;
  binaryType = 'arraybuffer';
  onclose: IStompSocket['onclose'] = null;
  onerror: IStompSocket['onerror'] = null;
  onmessage: IStompSocket['onmessage'] = null;
  onopen: IStompSocket['onopen'] = null;
  /** Why the connection ended, where that is known. */
  reason: string | undefined;
  readonly #socket: Socket;
  readonly #guard: FrameParser;
  #state = CONNECTING;

  /** @throws WireError `key_unreadable` where a PEM file cannot be read. */
  constructor(target: SocketTarget) {
    const { host, port, tls } = target;
    this.url = `${tls === undefined ? 'stomp' : 'stomp+ssl'}://${host}:${port}`;
    this.#guard = new FrameParser({
      onFrame: ({ command, headers }) => {
        if (command === 'CONNECTED') this.#guard.version = (headers.version ?? '1.0') as StompVersion;
      },
    });
    this.#socket =
      tls === undefined
        ? connectTcp({ host, port, noDelay: true, keepAlive: true })
        : connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...pemsOf(tls) });
    if (tls !== undefined) this.#socket.setNoDelay(true);
    this.#socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      this.#state = OPEN;
      this.onopen?.();
    });
    this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#socket.on('error', (error) => {
      this.reason ??= error.message;
      this.onerror?.(error);
    });
    this.#socket.once('close', () => {
      this.#state = CLOSED;
      this.onclose?.({ reason: this.reason });
    });
  }

  #onData(chunk: Buffer): void {
    try {
      this.#guard.push(chunk);
    } catch (error) {
      this.reason ??= error instanceof WireError ? `${error.code}: ${error.message}` : String(error);
      this.terminate();
      return;
    }
    this.onmessage?.({ data: chunk });
  }

  get readyState(): number {
    return this.#state;
  }

  /** Bytes that the broker has not taken yet. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    if (this.#state !== OPEN) return;
    if (typeof data === 'string') this.#socket.write(data, 'utf8');
    else if (ArrayBuffer.isView(data))
      this.#socket.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    else if (!(data instanceof Blob)) this.#socket.write(new Uint8Array(data));
  }

  close(): void {
    if (this.#state >= CLOSING) return;
    this.#state = CLOSING;
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  terminate(): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSING;
    this.#socket.destroy();
  }
}

/** Read at every connection, so that renewed certificates count without a restart. */
function pemsOf(tls: LinkTls): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  const pems: { ca?: Buffer; cert?: Buffer; key?: Buffer } = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    const file = tls[name];
    if (file === undefined) continue;
    try {
      pems[name] = readFileSync(file);
    } catch (cause) {
      throw new WireError(
        'key_unreadable',
        `Cannot read the broker’s tls.${name} ${file}: ${(cause as Error).message}`,
        {
          field: `tls.${name}`,
          cause,
        },
      );
    }
  }
  return pems;
}
