import type { BrokerBounds } from './bounds.ts';
import { EXPIRED, type Item, settleItem } from './item.ts';
import type { DropReason } from './metrics.ts';
import { type Subscription, SubscriptionList } from './subscription.ts';

/** Bytes that all queues share. */
export interface SharedBuffer {
  bytes: number;
}

/** What a queue tells and asks. */
export interface QueueContext {
  readonly bounds: BrokerBounds;
  readonly buffered: SharedBuffer;
  readonly dropped: (reason: DropReason, item: Item) => void;
  readonly nowMs: () => number;
}

/** Takes a message in this process; settles it itself. */
export type QueueConsumer = (item: Item) => void;

/**
 * Messages in memory, each for one consumer: those that came back first, then in the order they came. Nothing pending
 * waits here for a subscriber that could take it now; so a new message may go to any of them at once.
 */
export class Queue {
  readonly subscriptions = new SubscriptionList();
  readonly #context: QueueContext;
  readonly #returned = new Set<Item>();
  readonly #pending = new Set<Item>();
  #bytes = 0;
  #consumer: QueueConsumer | undefined;

  constructor(context: QueueContext) {
    this.#context = context;
  }

  get idle(): boolean {
    return this.#consumer === undefined && this.subscriptions.size === 0 && this.length === 0;
  }

  get length(): number {
    return this.#pending.size + this.#returned.size;
  }

  /** False where the queue is full: the message was not taken. */
  enqueue(item: Item): boolean {
    if (item.expiresAt <= this.#context.nowMs()) {
      this.#expire(item);
      return true;
    }
    if (this.#consumer !== undefined) {
      this.#consumer(item);
      return true;
    }
    const subscription = this.subscriptions.next(item);
    if (subscription !== undefined) {
      hand(subscription, item);
      return true;
    }
    return this.#keep(item);
  }

  #keep(item: Item): boolean {
    const { bounds, buffered } = this.#context;
    if (
      this.length >= bounds.queueMessagesMax ||
      this.#bytes + item.bytes > bounds.queueBytesMax ||
      buffered.bytes + item.bytes > bounds.bufferedBytesMax
    ) {
      this.#context.dropped('queue_full', item);
      settleItem(item, { taken: false });
      return false;
    }
    // A view would keep the whole piece that came from the socket.
    if (item.body.buffer.byteLength > 2 * item.body.length) item.body = Buffer.from(item.body);
    this.#count(item.bytes);
    this.#pending.add(item);
    item.waits?.(true);
    return true;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#context.buffered.bytes += bytes;
  }

  /** Gives a message back that nobody acknowledged; it goes out before the others, marked. */
  giveBack(items: readonly Item[], byNack: boolean): void {
    for (const item of items) {
      item.redelivered = true;
      if (byNack) item.redeliveries += 1;
      if (item.redeliveries > this.#context.bounds.redeliveriesMax) {
        this.#context.dropped('nacked', item);
        settleItem(item, { taken: false });
        continue;
      }
      this.#count(item.bytes);
      this.#returned.add(item);
      item.waits?.(true);
    }
    this.#drainAll();
  }

  subscribe(subscription: Subscription): void {
    this.subscriptions.add(subscription);
    this.drainTo(subscription);
  }

  /** From now on everything goes to the consumer, what waits first; undefined to end that. */
  consume(consumer: QueueConsumer | undefined): void {
    this.#consumer = consumer;
    this.#drainAll();
  }

  /** Gives a subscriber that has room again what waits for it. */
  drainTo(subscription: Subscription): void {
    if (this.#consumer !== undefined) return;
    for (const waiting of [this.#returned, this.#pending]) {
      for (const item of waiting) {
        if (!subscription.hasRoom()) return;
        if (subscription.selector !== undefined && !subscription.selector.matches(item.headers)) continue;
        if (this.#takeOut(waiting, item)) hand(subscription, item);
      }
    }
  }

  #drainAll(): void {
    for (const waiting of [this.#returned, this.#pending]) {
      for (const item of waiting) {
        const subscription = this.#consumer === undefined ? this.subscriptions.next(item) : undefined;
        if (this.#consumer === undefined && subscription === undefined) continue;
        if (!this.#takeOut(waiting, item)) continue;
        if (subscription !== undefined) hand(subscription, item);
        else this.#consumer?.(item);
      }
    }
  }

  /** False where the message has expired meanwhile. */
  #takeOut(waiting: Set<Item>, item: Item): boolean {
    waiting.delete(item);
    this.#count(-item.bytes);
    item.waits?.(false);
    if (item.expiresAt > this.#context.nowMs()) return true;
    this.#expire(item);
    return false;
  }

  #expire(item: Item): void {
    this.#context.dropped('expired', item);
    settleItem(item, EXPIRED);
  }

  /** Drops what has expired. */
  sweep(): void {
    const now = this.#context.nowMs();
    for (const waiting of [this.#returned, this.#pending]) {
      for (const item of waiting) if (item.expiresAt <= now) this.#takeOut(waiting, item);
    }
  }
}

function hand(subscription: Subscription, item: Item): void {
  subscription.deliver(item);
  if (subscription.ackMode === 'auto') settleItem(item, { taken: true });
}
