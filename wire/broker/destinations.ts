import { shownValue } from '../../core/index.ts';
import { WireError } from '../errors.ts';
import { EXPIRED, type Item, settleItem } from './item.ts';
import { Queue, type QueueConsumer, type QueueContext } from './queue.ts';
import { type Subscription, SubscriptionList } from './subscription.ts';

/** A topic: who listens now. */
interface Topic {
  readonly subscriptions: SubscriptionList;
  consumer: QueueConsumer | undefined;
}

/** True for a queue, false for a topic; by the name alone, as STOMP brokers do. */
export function isQueue(destination: string): boolean {
  return destination.startsWith('/queue/');
}

/** All topics and queues. They come with their first use and go when nobody uses them. */
export class Destinations {
  readonly #context: QueueContext;
  readonly #queues = new Map<string, Queue>();
  readonly #topics = new Map<string, Topic>();

  constructor(context: QueueContext) {
    this.#context = context;
  }

  /** Sends a message on its way. Its `settle` is told when somebody has taken it, or it was dropped. */
  publish(item: Item): void {
    if (isQueue(item.destination)) {
      const queue = this.#queueFor(item);
      if (queue !== undefined) queue.enqueue(item);
      return;
    }
    if (item.expiresAt <= this.#context.nowMs()) {
      this.#context.dropped('expired', item);
      settleItem(item, EXPIRED);
      return;
    }
    const topic = this.#topics.get(item.destination);
    if (topic !== undefined) for (const subscription of topic.subscriptions.matching(item)) subscription.deliver(item);
    if (topic?.consumer !== undefined) topic.consumer(item);
    // A topic is done with a message once everybody who listens has it.
    else settleItem(item, { taken: true });
  }

  #queueFor(item: Item): Queue | undefined {
    const queue = this.#queues.get(item.destination);
    if (queue !== undefined) return queue;
    if (this.#queues.size < this.#context.bounds.queuesMax) return this.#queue(item.destination);
    this.#context.dropped('queue_full', item);
    settleItem(item, { taken: false });
    return undefined;
  }

  #queue(destination: string): Queue {
    let queue = this.#queues.get(destination);
    if (queue === undefined) {
      queue = new Queue(this.#context);
      this.#queues.set(destination, queue);
    }
    return queue;
  }

  #topic(destination: string): Topic {
    let topic = this.#topics.get(destination);
    if (topic === undefined) {
      topic = { subscriptions: new SubscriptionList(), consumer: undefined };
      this.#topics.set(destination, topic);
    }
    return topic;
  }

  /** @throws WireError `broker_too_busy` where there are as many queues as may be. */
  subscribe(subscription: Subscription): void {
    const { destination } = subscription;
    if (!isQueue(destination)) {
      this.#topic(destination).subscriptions.add(subscription);
      return;
    }
    if (!this.#queues.has(destination) && this.#queues.size >= this.#context.bounds.queuesMax) {
      throw new WireError('broker_too_busy', `There are ${this.#queues.size} queues already`, { value: destination });
    }
    this.#queue(destination).subscribe(subscription);
  }

  /** Ends a subscription; what it had not acknowledged goes back to its queue. */
  unsubscribe(subscription: Subscription, unacknowledged: readonly Item[]): void {
    const { destination } = subscription;
    if (isQueue(destination)) {
      const queue = this.#queues.get(destination);
      queue?.subscriptions.remove(subscription);
      queue?.giveBack(unacknowledged, false);
      if (queue?.idle) this.#queues.delete(destination);
      return;
    }
    const topic = this.#topics.get(destination);
    topic?.subscriptions.remove(subscription);
    if (topic?.subscriptions.size === 0 && topic.consumer === undefined) this.#topics.delete(destination);
  }

  /** Gives back what a subscriber refused. A topic forgets it. */
  nack(destination: string, items: readonly Item[]): void {
    if (isQueue(destination)) this.#queue(destination).giveBack(items, true);
  }

  /** A subscriber has room again. */
  drainTo(subscription: Subscription): void {
    if (isQueue(subscription.destination)) this.#queues.get(subscription.destination)?.drainTo(subscription);
  }

  /**
   * Takes every message of a destination in this process; for a topic, beside its subscribers.
   * @throws WireError `internal_error` where somebody does already.
   */
  consume(destination: string, consumer: QueueConsumer): () => void {
    if (this.#consumed.has(destination)) {
      throw new WireError('internal_error', `${shownValue(destination)} has a consumer already`);
    }
    this.#consumed.add(destination);
    if (isQueue(destination)) this.#queue(destination).consume(consumer);
    else this.#topic(destination).consumer = consumer;
    return () => {
      if (!this.#consumed.delete(destination)) return;
      if (isQueue(destination)) this.#queue(destination).consume(undefined);
      else this.#topic(destination).consumer = undefined;
    };
  }
  readonly #consumed = new Set<string>();

  /** Drops what has expired, and queues nobody uses. */
  sweep(): void {
    for (const [destination, queue] of this.#queues) {
      queue.sweep();
      if (queue.idle) this.#queues.delete(destination);
    }
  }
}
