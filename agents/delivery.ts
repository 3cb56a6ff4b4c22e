import { type BackOffRule, backOffMs, type FrameHeaders } from '../wire/index.ts';
import { createPause } from './pause.ts';

/*
 * Gets one message at a time to the registry: sent with a receipt, sent again with back-off, the same bytes each time,
 * until the receipt comes. The newest registration says all that an older one would, so an unsent older one gives way.
 */

/** What delivery needs of a link to a broker. */
export interface SendingLink {
  readonly connected: boolean;
  send(destination: string, body: Uint8Array, headers?: FrameHeaders): Promise<FrameHeaders>;
  onState(listener: (connected: boolean, reason?: string) => void): () => void;
}

/** How a message ended. */
export type DeliveryOutcome =
  | { readonly kind: 'receipted' }
  /** The registry took it and said no; sending it again is of no use. */
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'stopped' };

/** What {@link createDelivery} tells while it works. */
export interface DeliveryEvents {
  onSend?(attempt: number): void;
  onUnsent?(attempt: number, reason: unknown, waitMs: number): void;
}

/** Settings of {@link createDelivery}. */
export interface DeliveryOptions extends DeliveryEvents {
  readonly link: SendingLink;
  readonly destination: string;
  readonly backOff: BackOffRule;
  readonly random: () => number;
}

/** Delivers messages, the newest first. */
export interface Delivery {
  /** Takes a message; one that waits is superseded, one on its way is waited for. */
  offer(bytes: Uint8Array): Promise<DeliveryOutcome>;
  /** True while a message waits for its receipt. */
  readonly busy: boolean;
  /** Gives up what waits. One that is on its way may still arrive; its receipt is not waited for beyond `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

interface Offered {
  readonly bytes: Uint8Array;
  readonly settle: (outcome: DeliveryOutcome) => void;
}

/** Makes a {@link Delivery}. */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { link, destination } = options;
  const pause = createPause();
  const unsubscribe = link.onState((connected) => {
    if (connected) pause.wake();
  });
  let waiting: Offered | undefined;
  let underway: Offered | undefined;
  let working: Promise<void> | undefined;
  let stopped = false;

  async function deliver(offered: Offered): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      if (stopped) return offered.settle({ kind: 'stopped' });
      if (waiting !== undefined) return offered.settle({ kind: 'superseded' });
      try {
        options.onSend?.(attempt);
        const { refused } = await link.send(destination, offered.bytes);
        return offered.settle(refused === undefined ? { kind: 'receipted' } : { kind: 'refused', code: refused });
      } catch (reason) {
        if (stopped || waiting !== undefined) continue;
        const waitMs = backOffMs(attempt - 1, options.backOff, options.random);
        options.onUnsent?.(attempt, reason, waitMs);
        await pause.wait(waitMs);
      }
    }
  }

  async function work(): Promise<void> {
    while (waiting !== undefined) {
      const { bytes, settle } = waiting;
      waiting = undefined;
      underway = {
        bytes,
        settle: (outcome) => {
          underway = undefined;
          settle(outcome);
        },
      };
      await deliver(underway);
    }
    // In the same breath as the last look at what waits, so that nothing offered now is left lying.
    working = undefined;
  }

  return {
    offer(bytes) {
      return new Promise((settle) => {
        if (stopped) return settle({ kind: 'stopped' });
        waiting?.settle({ kind: 'superseded' });
        waiting = { bytes, settle };
        pause.wake();
        working ??= work();
      });
    },
    get busy() {
      return waiting !== undefined || underway !== undefined;
    },
    async stop(graceMs) {
      stopped = true;
      waiting?.settle({ kind: 'stopped' });
      waiting = undefined;
      pause.wake();
      unsubscribe();
      if (working === undefined) return;
      let timer: NodeJS.Timeout | undefined;
      const grace = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, graceMs);
      });
      await Promise.race([working, grace]);
      clearTimeout(timer);
      underway?.settle({ kind: 'stopped' });
    },
  };
}
