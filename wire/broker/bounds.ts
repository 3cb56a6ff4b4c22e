import { type FrameBounds, frameBounds } from '../stomp/frame-parser.ts';

/** Everything that may grow at the broker, and how far. What happens at each bound is on docs/broker.md. */
export interface BrokerBounds {
  readonly frame: FrameBounds;
  /** Connections at one time; more are turned away. */
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  /** From the first byte of TCP to CONNECTED, TLS included. */
  readonly handshakeMs: number;
  /** From the first to the last byte of one frame. */
  readonly frameMs: number;
  /** Body of a CONNECT frame, which has none. */
  readonly connectBodyBytesMax: number;
  readonly subscriptionsPerConnectionMax: number;
  /** Messages of one connection that wait for a consumer's word; the socket is not read beyond. */
  readonly inFlightMessagesMax: number;
  readonly inFlightBytesMax: number;
  /** The same of all connections together. */
  readonly inFlightTotalBytesMax: number;
  /** Bytes that wait for one slow reader; beyond, the connection is dropped. */
  readonly outgoingBytesMax: number;
  /** Bytes from which on a reader gets no more messages of queues until it has read. */
  readonly outgoingHighBytes: number;
  /** Messages delivered and not acknowledged, per subscription; `prefetch-count` may ask for fewer. */
  readonly prefetchMax: number;
  readonly queuesMax: number;
  readonly queueMessagesMax: number;
  readonly queueBytesMax: number;
  /** Bytes kept in all queues together. */
  readonly bufferedBytesMax: number;
  /** How long a queue keeps a message; its `expires` may only shorten that. */
  readonly messageAgeMs: number;
  /** How often a message may come back by NACK before it is dropped. */
  readonly redeliveriesMax: number;
  /** The shortest heart-beat interval that is agreed to. */
  readonly heartbeatMinMs: number;
  /** How long closing waits for consumers, and then for sockets. */
  readonly closeMs: number;
}

/** The bounds unless others are given. */
export const brokerBounds: BrokerBounds = Object.freeze({
  frame: frameBounds,
  connectionsMax: 20_000,
  connectionsPerAddressMax: 5000,
  handshakeMs: 10_000,
  frameMs: 60_000,
  connectBodyBytesMax: 1024,
  subscriptionsPerConnectionMax: 1000,
  inFlightMessagesMax: 1024,
  inFlightBytesMax: 8 * 1024 * 1024,
  inFlightTotalBytesMax: 64 * 1024 * 1024,
  outgoingBytesMax: 8 * 1024 * 1024,
  outgoingHighBytes: 1024 * 1024,
  prefetchMax: 1000,
  queuesMax: 50_000,
  queueMessagesMax: 10_000,
  queueBytesMax: 16 * 1024 * 1024,
  bufferedBytesMax: 64 * 1024 * 1024,
  messageAgeMs: 3_600_000,
  redeliveriesMax: 10,
  heartbeatMinMs: 1000,
  closeMs: 10_000,
});
