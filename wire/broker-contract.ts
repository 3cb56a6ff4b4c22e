import type { FrameHeaders } from './link.ts';

/*
 * What the embedded broker asks of the process that runs it.
 */

/** Who a connection proved to be. */
export type Principal =
  | { readonly kind: 'node'; readonly identity: string }
  /** `name` is in the names of its own reply queues: `registry` where it is left out. */
  | { readonly kind: 'registry'; readonly name?: string }
  | { readonly kind: 'client'; readonly name: string }
  /** Somebody on loopback without a login: may send signed messages, may subscribe to nothing. */
  | { readonly kind: 'anonymous' };

/** What CONNECT brought. */
export interface Login {
  readonly login: string | undefined;
  readonly passcode: string | undefined;
  readonly headers: FrameHeaders;
  readonly remoteAddress: string;
}

/** Says who it is, or throws WireError `broker_refused`. */
export type Authenticate = (login: Login) => Promise<Principal>;

/** A message that reached an in-process consumer. */
export interface BrokerMessage {
  readonly destination: string;
  readonly headers: FrameHeaders;
  readonly body: Uint8Array;
  readonly principal: Principal;
}

/**
 * Takes a message of a queue in this process. The sender's RECEIPT is written after the promise resolves, with the
 * headers it gives; a rejected promise writes no RECEIPT, and the sender sends again.
 */
export type BrokerConsumer = (message: BrokerMessage) => Promise<FrameHeaders | undefined>;

/** The broker as its process sees it. */
export interface Broker {
  /** Binds; gives the port chosen where 0 was asked for. */
  listen(): Promise<{ readonly host: string; readonly port: number }>;
  /** Every message of the queue goes to the consumer, not to subscribers. One consumer a destination. */
  consume(destination: string, consumer: BrokerConsumer): () => void;
  /** Stops taking, waits for consumers at work, then closes every connection. */
  close(): Promise<void>;
}
