import type { Socket } from 'node:net';
import { asMusterError, type BoundedLog, type Clock, type Logger, MusterError } from '../../core/index.ts';
import type { Authenticate, Principal } from '../broker-contract.ts';
import { WireError } from '../errors.ts';
import type { FrameHeaders } from '../link.ts';
import { type Frame, negotiateVersion, type StompVersion } from '../stomp/frame.ts';
import { FrameParser } from '../stomp/frame-parser.ts';
import type { BrokerBounds } from './bounds.ts';
import type { Destinations } from './destinations.ts';
import type { InFlightTotal } from './in-flight.ts';
import type { BrokerMetrics } from './metrics.ts';
import { Outgoing } from './outgoing.ts';
import { principalName } from './rights.ts';
import { Session } from './session.ts';

/** What all connections of a broker share. */
export interface BrokerParts {
  readonly bounds: BrokerBounds;
  readonly destinations: Destinations;
  readonly inFlight: InFlightTotal;
  readonly authenticate: Authenticate;
  readonly metrics: BrokerMetrics;
  readonly logger: Logger;
  /** For what strangers can bring about at will. */
  readonly boundedLog: BoundedLog;
  readonly clock: Clock;
  /** A number that no other message or session of this broker has. */
  readonly nextNumber: () => number;
}

const CLIENT_COMMANDS = new Set([
  'CONNECT',
  'STOMP',
  'SEND',
  'SUBSCRIBE',
  'UNSUBSCRIBE',
  'ACK',
  'NACK',
  'BEGIN',
  'COMMIT',
  'ABORT',
  'DISCONNECT',
]);
/** How long an ERROR has to reach a client that does not read, before its socket is destroyed. */
const LINGER_MS = 1000;
/** A heart-beat may be this many intervals late before the connection counts as dead. */
const HEARTBEAT_GRACE = 2;

/**
 * One connection from its first byte to its last: reading frames in order, CONNECT and its time limit, heart-beats,
 * ERROR and the end. What a session of a logged-in client does is in session.ts.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #parts: BrokerParts;
  readonly #parser: FrameParser;
  readonly outgoing: Outgoing;
  readonly #openedAt = performance.now();
  readonly #remoteAddress: string;
  #version: StompVersion = '1.0';
  #session: Session | undefined;
  #authenticating = false;
  #ended = false;
  #stopped = false;
  #lastReadAt = performance.now();
  #frameBegunAt: number | undefined;
  #readEveryMs = 0;
  #writeEveryMs = 0;

  constructor(socket: Socket, parts: BrokerParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#remoteAddress = socket.remoteAddress ?? '';
    this.outgoing = new Outgoing(socket, {
      bytesMax: parts.bounds.outgoingBytesMax,
      highBytes: parts.bounds.outgoingHighBytes,
      onOverflow: () => this.#dropSlowReader(),
      onRoom: () => this.#session?.room(),
    });
    const { bounds } = parts;
    this.#parser = new FrameParser(
      { onFrame: (frame) => this.#onFrame(frame) },
      { ...bounds.frame, bodyBytesMax: bounds.connectBodyBytesMax },
    );
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', (error) => parts.logger.debug({ remote: this.#remoteAddress, err: error }, 'Socket failed'));
    socket.on('close', () => this.#onClose());
    socket.on('end', () => this.#socket.end());
  }

  get principal(): Principal | undefined {
    return this.#session?.principal;
  }

  #onData(chunk: Buffer): void {
    if (this.#ended) return;
    this.#lastReadAt = performance.now();
    this.#read(() => this.#parser.push(chunk));
  }

  #read(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.fail(error);
      return;
    }
    // The time limit of a frame runs only while we are the ones who wait.
    if (this.#parser.midFrame && !this.#parser.held) this.#frameBegunAt ??= performance.now();
    else this.#frameBegunAt = undefined;
  }

  /** Reads no further until {@link resume}. */
  hold(): void {
    this.#parser.hold();
    this.#socket.pause();
  }

  /** Takes no further frame for good; what is in flight may still get its receipts before {@link close}. */
  stop(): void {
    this.#stopped = true;
    this.hold();
  }

  /** Goes on reading after {@link hold}. */
  resume(): void {
    if (this.#ended || this.#stopped || this.#authenticating || !this.#parser.held) return;
    this.#lastReadAt = performance.now();
    this.#read(() => this.#parser.release());
    if (!this.#parser.held) this.#socket.resume();
  }

  #onFrame(frame: Frame): void {
    if (this.#ended) return;
    this.#frameBegunAt = undefined;
    this.#parts.metrics.frameReceived(CLIENT_COMMANDS.has(frame.command) ? frame.command : 'other');
    try {
      if (frame.command === 'CONNECT' || frame.command === 'STOMP') this.#connect(frame);
      else if (this.#session !== undefined) this.#session.take(frame);
      else throw new WireError('frame_malformed', `${frame.command} came before CONNECT`);
    } catch (error) {
      this.fail(error, frame.headers.receipt);
    }
  }

  #connect(frame: Frame): void {
    if (this.#session !== undefined || this.#authenticating) {
      throw new WireError('frame_malformed', 'CONNECT came a second time');
    }
    const version = negotiateVersion(frame.headers['accept-version']);
    if (version === undefined) {
      throw new WireError('frame_malformed', 'No version of STOMP in common: 1.0, 1.1 and 1.2 are spoken here', {
        field: 'accept-version',
      });
    }
    this.#authenticating = true;
    this.hold();
    const { login, passcode } = frame.headers;
    this.#parts
      .authenticate({ login, passcode, headers: frame.headers, remoteAddress: this.#remoteAddress })
      .then((principal) => this.#welcome(principal, version, frame.headers['heart-beat']))
      .catch((error: unknown) => this.fail(error));
  }

  #welcome(principal: Principal, version: StompVersion, heartbeat: string | undefined): void {
    if (this.#ended) return;
    const { bounds, logger, nextNumber } = this.#parts;
    this.#authenticating = false;
    this.#version = version;
    this.#parser.version = version;
    this.#parser.bounds = bounds.frame;
    this.#session = new Session(this, this.#parts, principal, version);
    const [sends, wants] = version === '1.0' ? [0, 0] : readHeartbeat(heartbeat, bounds.heartbeatMinMs);
    this.#readEveryMs = sends;
    this.#writeEveryMs = wants;
    this.send('CONNECTED', {
      version,
      session: String(nextNumber()),
      server: 'muster',
      'heart-beat': `${wants},${sends}`,
      'muster-principal': principal.kind,
    });
    logger.debug(
      { principal: principal.kind, name: principalName(principal), version, remote: this.#remoteAddress },
      'Connected',
    );
    this.resume();
  }

  /** Queues a frame. */
  send(command: string, headers: FrameHeaders, body?: Buffer): void {
    this.#parts.metrics.frameSent(command);
    this.outgoing.frame(command, headers, body, this.#version);
  }

  /** Tells the client by an ERROR frame, then closes (STOMP 1.2, "ERROR"). */
  fail(thrown: unknown, receipt?: string): void {
    if (this.#ended) return;
    const error = asMusterError(thrown);
    this.#parts.metrics.refused(error.code);
    const level = thrown instanceof MusterError ? 'warn' : 'error';
    const line = {
      code: error.code,
      field: error.field,
      remote: this.#remoteAddress,
      ...(this.#session === undefined ? {} : { name: principalName(this.#session.principal) }),
    };
    const text = `A connection is closed: ${error.message}`;
    if (level === 'error') this.#parts.logger.error({ ...line, err: thrown }, text);
    else this.#parts.boundedLog.log('warn', error.code, line, text);
    // What went wrong inside is for the log, not for whoever asks.
    const message = level === 'warn' ? error.message : 'Something happened at the broker that should not';
    this.send(
      'ERROR',
      {
        message,
        code: error.code,
        'content-type': 'text/plain; charset=utf-8',
        ...(this.#session === undefined ? { version: '1.0,1.1,1.2' } : {}),
        ...(receipt === undefined ? {} : { 'receipt-id': receipt }),
      },
      Buffer.from(`${message}\n${error.remedy}\n`, 'utf8'),
    );
    this.close();
  }

  /** Writes what is queued, then closes. What comes in from now on is thrown away. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.outgoing.end();
    // Read on: data left unread would make the kernel reset the connection and the ERROR frame be lost with it.
    this.#socket.removeAllListeners('data');
    this.#socket.resume();
    const timer = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    timer.unref();
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #dropSlowReader(): void {
    const { bounds, metrics, boundedLog } = this.#parts;
    metrics.refused('broker_too_busy');
    const name = this.#session === undefined ? '' : principalName(this.#session.principal);
    boundedLog.log(
      'warn',
      'broker_too_busy',
      { code: 'broker_too_busy', field: 'outgoingBytesMax', remote: this.#remoteAddress, name },
      `A connection is dropped: over ${bounds.outgoingBytesMax} bytes wait for it to read`,
    );
    this.#ended = true;
    this.#socket.destroy();
  }

  #onClose(): void {
    this.#ended = true;
    this.#session?.end();
    this.#session = undefined;
  }

  /** Looks at the times: called every now and then by the broker. `toleranceMs` is the time until the next call. */
  tick(now: number, toleranceMs: number): void {
    if (this.#ended) return;
    const { bounds } = this.#parts;
    if (this.#session === undefined) {
      if (now - this.#openedAt > bounds.handshakeMs) {
        this.fail(
          new WireError('request_timeout', `No CONNECT within ${bounds.handshakeMs} ms`, { field: 'handshakeMs' }),
        );
      }
      return;
    }
    if (this.#frameBegunAt !== undefined && now - this.#frameBegunAt > bounds.frameMs) {
      this.fail(new WireError('request_timeout', `A frame took over ${bounds.frameMs} ms`, { field: 'frameMs' }));
      return;
    }
    if (this.#writeEveryMs > 0 && now - this.outgoing.lastWriteAt + toleranceMs >= this.#writeEveryMs) {
      this.outgoing.heartbeat();
    }
    // While we do not read, silence says nothing of the other side.
    const silent = this.#readEveryMs > 0 && !this.#parser.held ? now - this.#lastReadAt : 0;
    if (silent > this.#readEveryMs * HEARTBEAT_GRACE + toleranceMs) {
      this.fail(
        new WireError('request_timeout', `No heart-beat for ${Math.round(silent)} ms`, { field: 'heart-beat' }),
      );
    }
  }
}

/** What the client sends every so many ms, and what it wants; each 0 for never. Nothing below the least is agreed to. */
function readHeartbeat(header: string | undefined, leastMs: number): readonly [number, number] {
  if (header === undefined) return [0, 0];
  const match = /^ *([0-9]{1,9}) *, *([0-9]{1,9}) *$/.exec(header);
  if (match === null) throw new WireError('frame_malformed', 'heart-beat is not two numbers', { field: 'heart-beat' });
  const agreed = (ms: number): number => (ms === 0 ? 0 : Math.max(ms, leastMs));
  return [agreed(Number(match[1])), agreed(Number(match[2]))];
}
