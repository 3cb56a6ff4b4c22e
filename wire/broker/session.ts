import { shownValue } from '../../core/index.ts';
import type { Principal } from '../broker-contract.ts';
import { WireError } from '../errors.ts';
import type { FrameHeaders } from '../link.ts';
import type { Frame, StompVersion } from '../stomp/frame.ts';
import type { BrokerParts, Connection } from './connection.ts';
import { isQueue } from './destinations.ts';
import { bytesOf, type Item, type Outcome, settleItem } from './item.ts';
import { checkRight } from './rights.ts';
import { parseSelector, type Selector } from './selector.ts';
import { ackModeOf, expiryOf, needed, passedOn, prefetchOf } from './session-headers.ts';
import type { AckMode, Subscription } from './subscription.ts';

interface Mine extends Subscription {
  readonly key: string;
  /** The `id` it was subscribed with; at 1.0 it may have none. */
  readonly id: string | undefined;
  readonly prefetch: number;
  /** Of queues, in the order of delivery, by message-id. */
  readonly unacknowledged: Map<string, Item>;
}

/** What a logged-in client does: its subscriptions, its messages in flight, its acknowledgements. */
export class Session {
  readonly principal: Principal;
  readonly #connection: Connection;
  readonly #parts: BrokerParts;
  readonly #version: StompVersion;
  readonly #subscriptions = new Map<string, Mine>();
  /** Who a message-id was delivered to. */
  readonly #deliveries = new Map<string, Mine>();
  #inFlightMessages = 0;
  #inFlightBytes = 0;
  #held = false;
  #disconnectReceipt: string | undefined;
  #disconnecting = false;
  #ended = false;

  constructor(connection: Connection, parts: BrokerParts, principal: Principal, version: StompVersion) {
    this.#connection = connection;
    this.#parts = parts;
    this.principal = principal;
    this.#version = version;
  }

  /** One frame after CONNECT. Throws what is to be told by ERROR. */
  take(frame: Frame): void {
    const { command, headers } = frame;
    if (this.#disconnecting) throw new WireError('frame_malformed', `${command} came after DISCONNECT`);
    if (headers.transaction !== undefined || command === 'BEGIN' || command === 'COMMIT' || command === 'ABORT') {
      throw new WireError('broker_refused', `${command}: transactions are not supported by this broker`, {
        field: 'transaction',
        remedy: 'Send each message with a receipt instead',
      });
    }
    switch (command) {
      case 'SEND':
        this.#send(frame);
        return;
      case 'SUBSCRIBE':
        this.#subscribe(headers);
        break;
      case 'UNSUBSCRIBE':
        this.#unsubscribe(headers);
        break;
      case 'ACK':
      case 'NACK':
        this.#acknowledge(command, headers);
        break;
      case 'DISCONNECT':
        this.#disconnect(headers.receipt);
        return;
      default:
        throw new WireError('frame_malformed', `There is no command ${shownValue(command)}`);
    }
    this.#receipt(headers.receipt);
  }

  #receipt(id: string | undefined, headers: FrameHeaders = {}): void {
    if (id !== undefined) this.#connection.send('RECEIPT', { ...headers, 'receipt-id': id });
  }

  #send({ headers, body }: Frame): void {
    const destination = needed(headers, 'destination');
    const { kind } = checkRight('send', this.principal, destination);
    const { clock, bounds, destinations, inFlight } = this.#parts;
    const kept = passedOn(headers);
    const bytes = bytesOf(kept, body);
    const oldestMs = clock.nowMs() + bounds.messageAgeMs;
    const item: Item = {
      destination,
      headers: kept,
      body,
      bytes,
      principal: this.principal,
      expiresAt: Math.min(expiryOf(headers) ?? oldestMs, oldestMs),
      redeliveries: 0,
      redelivered: false,
      settle: undefined,
      // What waits in a queue is within the bounds of queues. Counted here too, a queue that nobody reads would hold up
      // every sender of every other one.
      ...(kind === 'registrations'
        ? { waits: (waiting) => (waiting ? inFlight.remove(bytes) : inFlight.add(bytes)) }
        : {}),
    };
    const { receipt } = headers;
    // Registrations: their RECEIPT says that the registry has them, not that the broker has.
    if (kind !== 'registrations') {
      let taken = true;
      item.settle = (outcome) => {
        taken = outcome.taken;
      };
      destinations.publish(item);
      // A message a queue has is the queue's; whether somebody has it yet is not the sender's concern.
      item.settle = undefined;
      if (taken) this.#receipt(receipt);
      return;
    }
    this.#inFlightMessages += 1;
    this.#inFlightBytes += bytes;
    inFlight.add(bytes);
    item.settle = (outcome) => this.#settled(bytes, receipt, outcome);
    destinations.publish(item);
    this.#holdIfFull();
  }

  #settled(bytes: number, receipt: string | undefined, outcome: Outcome): void {
    this.#inFlightMessages -= 1;
    this.#inFlightBytes -= bytes;
    this.#parts.inFlight.remove(bytes);
    if (this.#ended) return;
    if (outcome.taken) this.#receipt(receipt, outcome.headers);
    if (this.#disconnecting) this.#finishDisconnect();
    else this.#resumeIfRoom();
  }

  #holdIfFull(): void {
    if (this.#held || !this.#full()) return;
    this.#held = true;
    this.#connection.hold();
    this.#awaitTotal();
  }

  #full(): boolean {
    const { bounds, inFlight } = this.#parts;
    return (
      this.#inFlightMessages >= bounds.inFlightMessagesMax ||
      this.#inFlightBytes >= bounds.inFlightBytesMax ||
      inFlight.full
    );
  }

  /** Where others fill the common bound, this connection has no message of its own whose end would wake it. */
  #awaitTotal(): void {
    if (this.#parts.inFlight.full) this.#parts.inFlight.whenRoom(() => this.#resumeIfRoom());
  }

  #resumeIfRoom(): void {
    if (!this.#held || this.#ended) return;
    if (this.#full()) {
      this.#awaitTotal();
      return;
    }
    this.#held = false;
    this.#connection.resume();
  }

  #subscribe(headers: FrameHeaders): void {
    const { bounds, destinations } = this.#parts;
    const destination = needed(headers, 'destination');
    const { id } = headers;
    if (id === undefined && this.#version !== '1.0') needed(headers, 'id');
    const key = id ?? `destination ${destination}`;
    if (this.#subscriptions.has(key)) {
      throw new WireError('frame_malformed', `Subscription ${shownValue(key)} is there already`, { field: 'id' });
    }
    if (this.#subscriptions.size >= bounds.subscriptionsPerConnectionMax) {
      throw new WireError('broker_too_busy', `${this.#subscriptions.size} subscriptions are the most of a connection`, {
        field: 'subscriptionsPerConnectionMax',
      });
    }
    const selector = headers.selector === undefined ? undefined : parseSelector(headers.selector);
    checkRight('subscribe', this.principal, destination, selector);
    const mine = this.#subscription(
      key,
      id,
      destination,
      selector,
      ackModeOf(headers.ack),
      prefetchOf(headers, bounds.prefetchMax),
    );
    this.#subscriptions.set(key, mine);
    destinations.subscribe(mine);
  }

  #subscription(
    key: string,
    id: string | undefined,
    destination: string,
    selector: Selector | undefined,
    ackMode: AckMode,
    prefetch: number,
  ): Mine {
    const unacknowledged = new Map<string, Item>();
    const mine: Mine = {
      key,
      id,
      destination,
      selector,
      ackMode,
      prefetch,
      unacknowledged,
      hasRoom: () => !this.#ended && !this.#connection.outgoing.congested && unacknowledged.size < prefetch,
      deliver: (item) => this.#deliver(mine, item),
    };
    return mine;
  }

  #deliver(mine: Mine, item: Item): void {
    const messageId = `m${this.#parts.nextNumber()}`;
    const headers: Record<string, string> = Object.assign(Object.create(null) as Record<string, string>, item.headers);
    headers.destination = item.destination;
    headers['message-id'] = messageId;
    if (mine.id !== undefined) headers.subscription = mine.id;
    if (item.redelivered) headers.redelivered = 'true';
    if (mine.ackMode !== 'auto') {
      if (this.#version === '1.2') headers.ack = messageId;
      // A topic keeps nothing, so there is nothing that an ACK could change.
      if (isQueue(mine.destination)) {
        mine.unacknowledged.set(messageId, item);
        this.#deliveries.set(messageId, mine);
      }
    }
    this.#connection.send('MESSAGE', headers, item.body);
  }

  #acknowledge(command: 'ACK' | 'NACK', headers: FrameHeaders): void {
    const messageId = needed(headers, this.#version === '1.2' ? 'id' : 'message-id');
    const mine = this.#deliveries.get(messageId);
    // Unknown ids are of topics, or of messages that went elsewhere since: nothing is left to be done for them.
    if (mine === undefined) return;
    const done: Item[] = [];
    for (const [id, item] of mine.unacknowledged) {
      if (mine.ackMode === 'client' || id === messageId) {
        mine.unacknowledged.delete(id);
        this.#deliveries.delete(id);
        done.push(item);
      }
      if (id === messageId) break;
    }
    if (command === 'ACK') for (const item of done) settleItem(item, { taken: true });
    else this.#parts.destinations.nack(mine.destination, done);
    this.#parts.destinations.drainTo(mine);
  }

  #unsubscribe(headers: FrameHeaders): void {
    const key = headers.id ?? `destination ${needed(headers, 'destination')}`;
    const mine = this.#subscriptions.get(key);
    if (mine === undefined) {
      throw new WireError('frame_malformed', `There is no subscription ${shownValue(key)}`, { field: 'id' });
    }
    this.#subscriptions.delete(key);
    this.#drop(mine);
  }

  #drop(mine: Mine): void {
    const items = [...mine.unacknowledged.values()];
    for (const id of mine.unacknowledged.keys()) this.#deliveries.delete(id);
    mine.unacknowledged.clear();
    this.#parts.destinations.unsubscribe(mine, items);
  }

  #disconnect(receipt: string | undefined): void {
    this.#disconnecting = true;
    this.#disconnectReceipt = receipt;
    this.#finishDisconnect();
  }

  /** The receipts of what is still in flight come before that of DISCONNECT. */
  #finishDisconnect(): void {
    if (this.#inFlightMessages > 0) return;
    this.#receipt(this.#disconnectReceipt);
    this.#connection.close();
  }

  /** The reader has caught up: its subscriptions may have more. */
  room(): void {
    for (const mine of this.#subscriptions.values()) this.#parts.destinations.drainTo(mine);
  }

  /** The connection is gone. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const all = [...this.#subscriptions.values()];
    this.#subscriptions.clear();
    for (const mine of all) this.#drop(mine);
  }
}
