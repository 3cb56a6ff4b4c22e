import type { BrokerLink, FrameHeaders } from '../../wire/index.ts';

/** One message that reached the other side. */
export interface SentMessage {
  readonly destination: string;
  readonly body: Uint8Array;
}

/** What the other side does with a message: gives a receipt with these headers, breaks, or says nothing until it breaks. */
export type Reaction = FrameHeaders | Error | 'silent';

/** A link whose faults a test orders. What it takes is in `sent`. */
export interface FaultyLink extends BrokerLink {
  readonly sent: SentMessage[];
  /** Reactions to the next messages; receipts once they are used up. */
  readonly reactions: Reaction[];
  /** The connection breaks: every message without a receipt is rejected. */
  break(): void;
  /** It is there again. */
  heal(): void;
  /** Resolves once so many messages have been taken. */
  taken(count: number): Promise<void>;
}

/** Makes a {@link FaultyLink}. */
export function faultyLink(): FaultyLink {
  const sent: SentMessage[] = [];
  const reactions: Reaction[] = [];
  const open = new Set<(reason: Error) => void>();
  const states = new Set<(connected: boolean) => void>();
  const waiters: { count: number; resolve: () => void }[] = [];
  let connected = true;
  return {
    sent,
    reactions,
    start: () => undefined,
    stop: async () => undefined,
    get connected() {
      return connected;
    },
    send(destination, body) {
      if (!connected) return Promise.reject(new Error('not connected'));
      sent.push({ destination, body });
      for (const waiter of waiters) if (sent.length >= waiter.count) waiter.resolve();
      const reaction = reactions.shift() ?? {};
      if (reaction instanceof Error) return Promise.reject(reaction);
      if (reaction !== 'silent') return Promise.resolve(reaction);
      return new Promise((_, reject) => open.add(reject));
    },
    subscribe: () => () => undefined,
    onState(listener) {
      states.add(listener);
      return () => states.delete(listener);
    },
    break() {
      connected = false;
      for (const reject of open) reject(new Error('the connection broke'));
      open.clear();
      for (const listener of states) listener(false);
    },
    heal() {
      connected = true;
      for (const listener of states) listener(true);
    },
    taken: (count) =>
      new Promise((resolve) => {
        if (sent.length >= count) resolve();
        else waiters.push({ count, resolve });
      }),
  };
}
