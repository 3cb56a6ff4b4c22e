import { Client, type IFrame, type IMessage, type StompSubscription, Versions } from '@stomp/stompjs';
import { asMusterError, type Clock, type Logger, shownValue } from '../../core/index.ts';
import { WireError } from '../errors.ts';
import type { BrokerLink, Delivery, FrameHeaders, SubscribeOptions } from '../link.ts';
import { frameBounds } from '../stomp/frame-parser.ts';
import { type BackOffRule, backOffMs, linkBackOff } from './back-off.ts';
import { PendingSends, unreachable } from './pending-sends.ts';
import { type LinkTls, TcpStompSocket } from './tcp-socket.ts';

/** Who logs in; a function is asked anew at every connection. */
export interface LinkLogin {
  readonly login?: string | undefined;
  readonly passcode?: string | (() => string) | undefined;
  /** Further CONNECT headers: a virtual `host`, a node's `muster-key`. */
  readonly headers?: FrameHeaders | undefined;
}

/** One broker of the list. What it does not say is taken from the link's own settings. */
export interface LinkHost extends LinkLogin {
  readonly host: string;
  readonly port: number;
  /** `undefined` where the link's own holds; `false` for none. */
  readonly tls?: LinkTls | false | undefined;
}

/** Settings of {@link createBrokerLink}; `nodeLogin` gives login, passcode and headers of a node. */
export interface BrokerLinkOptions extends LinkLogin {
  /** Brokers in order of preference, at least one. */
  readonly hosts: readonly LinkHost[];
  readonly tls?: LinkTls | undefined;
  /** Heart-beats in ms both ways, 0 for none. Only from STOMP 1.2 on. */
  readonly heartbeat?: { readonly outgoingMs: number; readonly incomingMs: number } | undefined;
  readonly logger: Logger;
  readonly clock?: Clock | undefined;
  /** How long `send` waits for its RECEIPT. */
  readonly receiptTimeoutMs?: number | undefined;
  readonly connectTimeoutMs?: number | undefined;
  readonly backOff?: BackOffRule | undefined;
}

const RECEIPT_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;
const HEARTBEAT_MS = 10_000;
/** A connection that held this long counts as good: the next loss starts with the shortest wait again. */
const GOOD_AFTER_MS = 10_000;
/** How long `stop` waits for the RECEIPT of DISCONNECT. */
const DISCONNECT_MS = 2000;
/** Sends that may wait for their RECEIPT; more are refused with `broker_too_busy`. */
export const SENDS_PENDING_MAX = 10_000;
/** Bytes the broker may leave untaken before sends are refused with `broker_too_busy`. */
export const UNSENT_BYTES_MAX = 32 * 1024 * 1024;

interface KeptSubscription {
  readonly id: string;
  readonly destination: string;
  readonly onDelivery: (delivery: Delivery) => void;
  readonly options: SubscribeOptions;
  live: StompSubscription | undefined;
}

/**
 * A link to the first broker of the list that answers. Nothing happens before `start`.
 * @throws WireError `config_invalid` where the list is empty.
 */
export function createBrokerLink(options: BrokerLinkOptions): BrokerLink {
  if (options.hosts.length === 0) {
    throw new WireError('config_invalid', 'broker.hosts names no broker', { field: 'broker.hosts' });
  }
  return new StompLink(options);
}

/** One stompjs client for each connection: the waits between them, hosts and subscriptions are ours. */
class StompLink implements BrokerLink {
  readonly #options: BrokerLinkOptions;
  readonly #pending: PendingSends;
  readonly #subscriptions = new Map<string, KeptSubscription>();
  readonly #listeners = new Set<(connected: boolean, reason?: string) => void>();
  #client: Client | undefined;
  #socket: TcpStompSocket | undefined;
  #connected = false;
  #started = false;
  #stopping: Promise<void> | undefined;
  #attempts = 0;
  #number = 0;
  #connectedAt = 0;
  #errorFrame: string | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #connectTimer: NodeJS.Timeout | undefined;

  constructor(options: BrokerLinkOptions) {
    this.#options = options;
    this.#pending = new PendingSends(options.receiptTimeoutMs ?? RECEIPT_TIMEOUT_MS);
  }

  get connected(): boolean {
    return this.#connected;
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#connect();
  }

  #connect(): void {
    const { hosts } = this.#options;
    const host = hosts[this.#attempts % hosts.length] as LinkHost;
    this.#errorFrame = undefined;
    let socket: TcpStompSocket;
    let client: Client;
    try {
      const tls = host.tls === false ? undefined : (host.tls ?? this.#options.tls);
      client = this.#clientFor(host);
      socket = new TcpStompSocket({ host: host.host, port: host.port, tls });
    } catch (error) {
      this.#lost(asMusterError(error).message);
      return;
    }
    this.#client = client;
    this.#socket = socket;
    client.webSocketFactory = () => socket;
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS } = this.#options;
    this.#connectTimer = setTimeout(() => {
      socket.reason ??= `no CONNECTED within ${connectTimeoutMs} ms`;
      socket.terminate();
    }, connectTimeoutMs);
    client.activate();
  }

  #clientFor(host: LinkHost): Client {
    const own = this.#options;
    const login = host.login ?? own.login;
    const passcode = host.login === undefined ? (host.passcode ?? own.passcode) : host.passcode;
    const headers: Record<string, string> = { host: host.host, ...own.headers, ...host.headers };
    if (login !== undefined) headers.login = login;
    if (passcode !== undefined) headers.passcode = typeof passcode === 'function' ? passcode() : passcode;
    for (const [name, value] of Object.entries(headers)) plainHeader(name, value);
    const { outgoingMs, incomingMs } = own.heartbeat ?? { outgoingMs: HEARTBEAT_MS, incomingMs: HEARTBEAT_MS };
    return new Client({
      // Never 1.1: stompjs leaves header values escaped there.
      stompVersions: new Versions([Versions.V1_2, Versions.V1_0]),
      connectHeaders: headers,
      heartbeatOutgoing: outgoingMs,
      heartbeatIncoming: incomingMs,
      reconnectDelay: 0,
      discardWebsocketOnCommFailure: true,
      onConnect: () => this.#onConnect(host),
      onStompError: (frame) => this.#onError(frame),
      onWebSocketClose: () => this.#onClose(),
      onUnhandledReceipt: (frame) => this.#onReceipt(frame),
      onUnhandledMessage: () => {},
      onUnhandledFrame: () => {},
    });
  }

  #onConnect(host: LinkHost): void {
    clearTimeout(this.#connectTimer);
    if (this.#stopping !== undefined) return;
    this.#connectedAt = performance.now();
    this.#options.logger.info({ host: host.host, port: host.port }, 'Connected to the broker');
    for (const kept of this.#subscriptions.values()) this.#subscribeNow(kept);
    this.#setConnected(true);
  }

  #onError(frame: IFrame): void {
    const { code, message } = frame.headers;
    this.#errorFrame = `${code ?? 'ERROR'}: ${shownValue(message ?? frame.body)}`;
  }

  #onClose(): void {
    clearTimeout(this.#connectTimer);
    const reason = this.#errorFrame ?? this.#socket?.reason ?? 'the broker closed the connection';
    const client = this.#client;
    this.#client = undefined;
    this.#socket = undefined;
    // Else stompjs itself would hold on to it.
    void client?.deactivate();
    for (const kept of this.#subscriptions.values()) kept.live = undefined;
    this.#lost(reason);
  }

  #lost(reason: string): void {
    const wasConnected = this.#connected;
    this.#pending.rejectAll(reason);
    this.#setConnected(false, reason);
    if (this.#stopping !== undefined) return;
    const { hosts, logger, backOff = linkBackOff } = this.#options;
    const host = hosts[this.#attempts % hosts.length] as LinkHost;
    if (wasConnected && performance.now() - this.#connectedAt >= GOOD_AFTER_MS) this.#attempts = 0;
    else this.#attempts += 1;
    const waitMs = backOffMs(Math.floor(this.#attempts / hosts.length), backOff);
    logger.warn(
      { code: 'broker_unreachable', host: host.host, port: host.port, reason, waitMs },
      wasConnected ? 'The connection to the broker is lost' : 'The broker cannot be reached',
    );
    this.#retryTimer = setTimeout(() => this.#connect(), waitMs);
  }

  #setConnected(connected: boolean, reason?: string): void {
    if (this.#connected === connected) return;
    this.#connected = connected;
    for (const listener of [...this.#listeners]) this.#guarded(() => listener(connected, reason));
  }

  /** stompjs prints what its callbacks throw on standard output, where only data may go. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (err) {
      this.#options.logger.error({ err }, 'A listener of the broker link failed');
    }
  }

  #onReceipt(frame: IFrame): void {
    const { 'receipt-id': id = '', ...headers } = frame.headers;
    this.#pending.settle(id, headers as FrameHeaders);
  }

  async send(destination: string, body: Uint8Array, headers: FrameHeaders = {}): Promise<FrameHeaders> {
    plainHeader('destination', destination);
    for (const [name, value] of Object.entries(headers)) plainHeader(name, value);
    if (body.length > frameBounds.bodyBytesMax) {
      // Our broker would close the connection, and the sender would try for ever.
      throw new WireError(
        'message_too_large',
        `A message of ${body.length} bytes is over ${frameBounds.bodyBytesMax}`,
        {
          value: body.length,
        },
      );
    }
    const client = this.#client;
    if (!this.#connected || client === undefined) throw unreachable('There is no connection to the broker');
    if (this.#pending.size >= SENDS_PENDING_MAX || (this.#socket?.unsentBytes ?? 0) > UNSENT_BYTES_MAX) {
      throw new WireError('broker_too_busy', `${this.#pending.size} messages wait for the broker already`);
    }
    this.#number += 1;
    const id = `r${this.#number}`;
    const receipt = this.#pending.wait(id);
    client.publish({ destination, binaryBody: body, headers: { ...headers, receipt: id } });
    return receipt;
  }

  subscribe(destination: string, onDelivery: (delivery: Delivery) => void, options: SubscribeOptions = {}): () => void {
    plainHeader('destination', destination);
    if (options.selector !== undefined) plainHeader('selector', options.selector);
    this.#number += 1;
    const kept: KeptSubscription = { id: `s${this.#number}`, destination, onDelivery, options, live: undefined };
    this.#subscriptions.set(kept.id, kept);
    if (this.#connected) this.#subscribeNow(kept);
    return () => {
      if (!this.#subscriptions.delete(kept.id)) return;
      if (this.#connected) kept.live?.unsubscribe();
    };
  }

  #subscribeNow(kept: KeptSubscription): void {
    const { selector, ack = 'auto', headers } = kept.options;
    const client = this.#client;
    kept.live = client?.subscribe(kept.destination, (message) => this.#onMessage(kept, message, client), {
      ...headers,
      id: kept.id,
      ack,
      ...(selector === undefined ? {} : { selector }),
    });
  }

  #onMessage(kept: KeptSubscription, message: IMessage, client: Client): void {
    const answer = (verb: 'ack' | 'nack') => () => {
      // A message of a connection that is gone is delivered again; its number means nothing to the next one.
      if (kept.options.ack === 'client-individual' && this.#client === client && this.#connected) message[verb]();
    };
    this.#guarded(() =>
      kept.onDelivery({
        destination: message.headers.destination ?? kept.destination,
        headers: message.headers as FrameHeaders,
        body: message.binaryBody,
        ack: answer('ack'),
        nack: answer('nack'),
      }),
    );
  }

  onState(listener: (connected: boolean, reason?: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#connectTimer);
    this.#pending.rejectAll('the link is stopped');
    const client = this.#client;
    const socket = this.#socket;
    if (client !== undefined && socket !== undefined) {
      const forced = setTimeout(() => socket.terminate(), this.#connected ? DISCONNECT_MS : 0);
      await client.deactivate();
      clearTimeout(forced);
    }
    this.#setConnected(false, 'stopped');
  }
}

/** Refuses what would become further lines or frames at STOMP 1.0, where nothing is escaped. */
function plainHeader(name: string, value: string): void {
  if (/[\n\r\0:]/.test(name) || /[\n\r\0]/.test(value)) {
    throw new WireError('frame_malformed', `The header ${shownValue(name)} holds a line break or NUL`, { field: name });
  }
}
