/*
 * What agents and consumers need of a broker, whichever it is. The embedded broker is reached through the same link.
 */

/** Headers of a frame, unescaped. */
export type FrameHeaders = Readonly<Record<string, string>>;

/** A message as delivered. */
export interface Delivery {
  readonly destination: string;
  readonly headers: FrameHeaders;
  readonly body: Uint8Array;
  /** With `ack: client-individual`: done with it, or give it to somebody else. Without: nothing. */
  ack(): void;
  nack(): void;
}

/** How {@link BrokerLink.subscribe} subscribes. */
export interface SubscribeOptions {
  readonly selector?: string;
  readonly ack?: 'auto' | 'client-individual';
  /** Further headers, such as a broker's prefetch bound. */
  readonly headers?: FrameHeaders;
}

/** A connection to a broker that heals itself: back-off with jitter, the next host of the list, subscriptions again. */
export interface BrokerLink {
  start(): void;
  /** Sends DISCONNECT where it can, then closes. Pending sends are rejected. */
  stop(): Promise<void>;
  readonly connected: boolean;
  /**
   * Sends and resolves with the RECEIPT's headers. A header `refused` in them is an error code: the message was taken
   * and refused, sending it again is of no use.
   * @throws WireError `broker_unreachable` when the connection breaks or no receipt comes in time, `broker_too_busy`
   * when too much waits already: send it again. `message_too_large`, `frame_malformed` (a header): of no use to.
   */
  send(destination: string, body: Uint8Array, headers?: FrameHeaders): Promise<FrameHeaders>;
  /** Kept over reconnects until the function given back is called. */
  subscribe(destination: string, onDelivery: (delivery: Delivery) => void, options?: SubscribeOptions): () => void;
  /** Called at each change of `connected`, with the reason of a loss. */
  onState(listener: (connected: boolean, reason?: string) => void): () => void;
}
