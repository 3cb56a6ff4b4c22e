import type { Item } from './item.ts';
import type { Selector } from './selector.ts';

/** How a subscriber acknowledges (STOMP 1.2, "ack"). */
export type AckMode = 'auto' | 'client' | 'client-individual';

/** One subscription of one connection, as the destinations see it. */
export interface Subscription {
  readonly destination: string;
  readonly selector: Selector | undefined;
  readonly ackMode: AckMode;
  /** Writes a MESSAGE; with an ack mode the connection keeps the item until its ACK. */
  deliver(item: Item): void;
  /** False while the reader is slow or has its fill of unacknowledged messages. */
  hasRoom(): boolean;
}

/** Subscriptions of one destination, in turn, found by `name = 'value'` selectors without trying each. */
export class SubscriptionList {
  readonly #plain = new Set<Subscription>();
  /** Header name, then value. */
  readonly #byHeader = new Map<string, Map<string, Set<Subscription>>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(subscription: Subscription): void {
    this.#size += 1;
    this.#setFor(subscription).add(subscription);
  }

  remove(subscription: Subscription): void {
    const set = this.#setFor(subscription);
    if (set.delete(subscription)) this.#size -= 1;
    const { equality } = subscription.selector ?? {};
    if (equality === undefined || set.size > 0) return;
    const values = this.#byHeader.get(equality.name);
    values?.delete(equality.value);
    if (values?.size === 0) this.#byHeader.delete(equality.name);
  }

  /** Every subscription that a message is for. */
  *matching(item: Item): Generator<Subscription> {
    for (const [name, values] of this.#byHeader) {
      const value = Object.hasOwn(item.headers, name) ? item.headers[name] : undefined;
      if (value !== undefined) yield* values.get(value) ?? [];
    }
    for (const subscription of this.#plain) {
      if (subscription.selector === undefined || subscription.selector.matches(item.headers)) yield subscription;
    }
  }

  /** The next in turn that a message is for and that has room; it goes to the end of the turn. */
  next(item: Item): Subscription | undefined {
    for (const subscription of this.matching(item)) {
      if (!subscription.hasRoom()) continue;
      const set = this.#setFor(subscription);
      set.delete(subscription);
      set.add(subscription);
      return subscription;
    }
    return undefined;
  }

  #setFor(subscription: Subscription): Set<Subscription> {
    const { equality } = subscription.selector ?? {};
    if (equality === undefined) return this.#plain;
    let values = this.#byHeader.get(equality.name);
    if (values === undefined) {
      values = new Map();
      this.#byHeader.set(equality.name, values);
    }
    let set = values.get(equality.value);
    if (set === undefined) {
      set = new Set();
      values.set(equality.value, set);
    }
    return set;
  }
}
