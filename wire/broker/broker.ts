import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import {
  asMusterError,
  BoundedLog,
  type Clock,
  CoreError,
  isLoopback,
  type Logger,
  systemClock,
} from '../../core/index.ts';
import type { Authenticate, Broker, BrokerConsumer } from '../broker-contract.ts';
import { WireError } from '../errors.ts';
import { encodeFrame } from '../stomp/frame.ts';
import { type BrokerBounds, brokerBounds } from './bounds.ts';
import { type BrokerParts, Connection } from './connection.ts';
import { Destinations } from './destinations.ts';
import { InFlightTotal } from './in-flight.ts';
import { type Item, settleItem } from './item.ts';
import { type BrokerMetrics, type DropReason, noMetrics } from './metrics.ts';
import { type BrokerUsers, brokerAuthenticate } from './users.ts';

/** Settings of {@link createBroker}. */
export interface BrokerOptions {
  readonly host: string;
  /** 0 for one that the system chooses. */
  readonly port: number;
  /** PEM files; with `ca`, clients must show a certificate of it. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string | undefined } | undefined;
  readonly users?: BrokerUsers | undefined;
  /** The key enrolled for an identity: how nodes log in by key. */
  readonly boundKeyOf?: ((identity: string) => Promise<string | undefined>) | undefined;
  /** Stands in for users and boundKeyOf. */
  readonly authenticate?: Authenticate | undefined;
  readonly logger: Logger;
  readonly clock?: Clock | undefined;
  readonly metrics?: BrokerMetrics | undefined;
  readonly bounds?: Partial<BrokerBounds> | undefined;
}

/** How often connections' times are looked at. */
const TICK_MS = 250;
/** How often queues are looked through for what has expired. */
const SWEEP_MS = 5000;

/**
 * The embedded STOMP broker. Binds with `listen`.
 * @throws CoreError `config_invalid` for an address beyond this machine without both TLS and users.
 */
export function createBroker(options: BrokerOptions): Broker {
  if (!isLoopback(options.host) && (options.tls === undefined || (options.users?.size ?? 0) === 0)) {
    throw new CoreError(
      'config_invalid',
      `broker.embedded is ${options.host}: an address beyond this machine needs both broker.tls and broker.usersFile`,
      { field: 'broker.embedded', value: options.host },
    );
  }
  return new EmbeddedBroker(options);
}

class EmbeddedBroker implements Broker {
  readonly #options: BrokerOptions;
  readonly #bounds: BrokerBounds;
  readonly #logger: Logger;
  readonly #boundedLog: BoundedLog;
  readonly #metrics: BrokerMetrics;
  readonly #destinations: Destinations;
  /** Messages that consumers in this process are at work on. */
  readonly #atWork = new InFlightTotal(Number.POSITIVE_INFINITY);
  readonly #parts: BrokerParts;
  readonly #connections = new Set<Connection>();
  readonly #sockets = new Set<Socket>();
  readonly #perAddress = new Map<string, number>();
  #server: Server | undefined;
  #timers: NodeJS.Timeout[] = [];
  #number = 0;
  #closing: Promise<void> | undefined;

  constructor(options: BrokerOptions) {
    const { clock = systemClock, logger, metrics = noMetrics } = options;
    this.#options = options;
    this.#bounds = { ...brokerBounds, ...options.bounds };
    this.#logger = logger;
    this.#boundedLog = new BoundedLog(logger, () => performance.now(), 'More of the same, not logged one by one');
    this.#metrics = metrics;
    this.#destinations = new Destinations({
      bounds: this.#bounds,
      buffered: { bytes: 0 },
      dropped: (reason, item) => this.#dropped(reason, item),
      nowMs: () => clock.nowMs(),
    });
    this.#parts = {
      bounds: this.#bounds,
      destinations: this.#destinations,
      inFlight: new InFlightTotal(this.#bounds.inFlightTotalBytesMax),
      authenticate:
        options.authenticate ?? brokerAuthenticate({ users: options.users, boundKeyOf: options.boundKeyOf, clock }),
      metrics,
      logger,
      boundedLog: this.#boundedLog,
      clock,
      nextNumber: () => {
        this.#number += 1;
        return this.#number;
      },
    };
  }

  #dropped(reason: DropReason, item: Item): void {
    this.#metrics.dropped(reason);
    const line = { reason, destination: item.destination, bytes: item.body.length };
    if (reason === 'expired') this.#logger.debug(line, 'A message is dropped');
    else this.#boundedLog.log('warn', reason, line, 'A message is dropped');
  }

  async listen(): Promise<{ readonly host: string; readonly port: number }> {
    const { host, port } = this.#options;
    const server = this.#makeServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        const where = `${host}:${port}`;
        reject(
          cause.code === 'EADDRINUSE'
            ? new WireError('address_in_use', `The broker’s address ${where} is taken`, {
                field: 'broker.embedded',
                cause,
              })
            : new CoreError('config_invalid', `The broker cannot listen on ${where}: ${cause.message}`, {
                field: 'broker.embedded',
                cause,
              }),
        );
      });
      server.listen({ host: host.replace(/^\[|\]$/g, ''), port }, resolve);
    });
    server.removeAllListeners('error');
    server.on('error', (err) => this.#logger.error({ err }, 'The broker cannot take a connection'));
    this.#server = server;
    const every = (ms: number, work: () => void): void => {
      const timer = setInterval(work, ms);
      timer.unref();
      this.#timers.push(timer);
    };
    every(TICK_MS, () => {
      const now = performance.now();
      for (const connection of this.#connections) connection.tick(now, TICK_MS);
    });
    every(SWEEP_MS, () => {
      this.#destinations.sweep();
      this.#boundedLog.tellSilent();
    });
    const address = server.address();
    const bound = typeof address === 'object' && address !== null ? address.port : port;
    this.#logger.info({ host, port: bound, tls: this.#options.tls !== undefined }, 'The broker listens');
    return { host, port: bound };
  }

  #makeServer(): Server {
    const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };
    const { tls } = this.#options;
    if (tls === undefined) {
      const server = createServer(socketOptions);
      server.on('connection', (socket) => {
        if (this.#admit(socket)) this.#open(socket);
      });
      return server;
    }
    const server = createTlsServer({
      ...socketOptions,
      cert: pemFile(tls.cert, 'broker.tls.cert'),
      key: pemFile(tls.key, 'broker.tls.key'),
      ...(tls.ca === undefined ? {} : { ca: pemFile(tls.ca, 'broker.tls.ca') }),
      requestCert: tls.ca !== undefined,
      rejectUnauthorized: tls.ca !== undefined,
      minVersion: 'TLSv1.2',
      handshakeTimeout: this.#bounds.handshakeMs,
    });
    server.on('connection', (socket) => {
      this.#admit(socket);
    });
    server.on('secureConnection', (socket: TLSSocket) => this.#open(socket));
    server.on('tlsClientError', (error, socket) => {
      this.#metrics.refused('broker_refused');
      const line = { remote: socket.remoteAddress, reason: error.message };
      this.#boundedLog.log('info', 'tls_handshake', line, 'A TLS handshake failed');
      socket.destroy();
    });
    return server;
  }

  /** Counts a socket in, or turns it away. */
  #admit(socket: Socket): boolean {
    const address = socket.remoteAddress ?? '';
    const fromThere = this.#perAddress.get(address) ?? 0;
    const bound =
      this.#sockets.size >= this.#bounds.connectionsMax
        ? 'connectionsMax'
        : fromThere >= this.#bounds.connectionsPerAddressMax
          ? 'connectionsPerAddressMax'
          : undefined;
    if (bound !== undefined || this.#closing !== undefined) {
      this.#turnAway(socket, bound ?? 'closing');
      return false;
    }
    this.#sockets.add(socket);
    this.#perAddress.set(address, fromThere + 1);
    this.#metrics.connectionOpened();
    socket.once('close', () => {
      this.#sockets.delete(socket);
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#perAddress.set(address, left);
      else this.#perAddress.delete(address);
      this.#metrics.connectionClosed();
    });
    return true;
  }

  #turnAway(socket: Socket, bound: string): void {
    this.#metrics.refused('broker_too_busy');
    this.#boundedLog.log(
      'warn',
      'broker_too_busy',
      { code: 'broker_too_busy', field: bound, remote: socket.remoteAddress },
      'A connection is turned away',
    );
    socket.on('error', () => {});
    if (this.#options.tls !== undefined) {
      socket.destroy();
      return;
    }
    socket.end(encodeFrame('ERROR', { code: 'broker_too_busy', message: `At the bound ${bound}` }, undefined, '1.0'));
    socket.destroySoon();
  }

  #open(socket: Socket): void {
    if (this.#closing !== undefined) {
      socket.destroy();
      return;
    }
    const connection = new Connection(socket, this.#parts);
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
  }

  consume(destination: string, consumer: BrokerConsumer): () => void {
    return this.#destinations.consume(destination, (item) => {
      const { headers, body, principal } = item;
      this.#atWork.add(0);
      let taking: Promise<Awaited<ReturnType<BrokerConsumer>>>;
      try {
        taking = consumer({ destination, headers, body, principal });
      } catch (error) {
        taking = Promise.reject(error);
      }
      taking.then(
        (receiptHeaders) => {
          settleItem(item, { taken: true, headers: receiptHeaders });
          this.#atWork.remove(0);
        },
        (thrown: unknown) => {
          const error = asMusterError(thrown);
          this.#metrics.dropped('consumer_failed');
          this.#logger.error(
            { code: error.code, destination, err: thrown },
            `A message was not taken, its sender gets no receipt: ${error.message}`,
          );
          settleItem(item, { taken: false });
          this.#atWork.remove(0);
        },
      );
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    const server = this.#server;
    const closed = new Promise<void>((resolve) => {
      if (server === undefined) resolve();
      else server.close(() => resolve());
    });
    for (const connection of this.#connections) connection.stop();
    await withinMs(this.#atWork.idle(), this.#bounds.closeMs);
    if (this.#atWork.messages > 0) {
      this.#logger.warn({ messages: this.#atWork.messages }, 'Closing without the word of a consumer');
    }
    for (const connection of this.#connections) connection.close();
    // Sockets still in their TLS handshake are in no connection.
    await withinMs(closed, this.#bounds.closeMs);
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    this.#boundedLog.tellSilent(true);
  }
}

async function withinMs(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}

function pemFile(file: string, field: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new CoreError('config_unreadable', `Cannot read ${field} ${file}: ${(cause as Error).message}`, {
      field,
      cause,
    });
  }
}
