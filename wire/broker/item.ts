import type { Principal } from '../broker-contract.ts';
import type { FrameHeaders } from '../link.ts';

/** What became of a message: taken by whoever it was for, or not. Headers go into the sender's RECEIPT. */
export type Outcome = { readonly taken: true; readonly headers?: FrameHeaders | undefined } | { readonly taken: false };

/** A message on its way through the broker. */
export interface Item {
  readonly destination: string;
  /** As they go out: what was for the broker alone is taken off. */
  readonly headers: FrameHeaders;
  body: Buffer;
  /** What it takes of memory: body and headers. */
  readonly bytes: number;
  readonly principal: Principal;
  /** Unix milliseconds after which it is dropped. */
  readonly expiresAt: number;
  redeliveries: number;
  redelivered: boolean;
  /** Told once, when what became of it is known; undefined where nobody waits, or once told. */
  settle: ((outcome: Outcome) => void) | undefined;
  /** Told true when the message begins to wait in a queue, false when it goes on to somebody. */
  readonly waits?: (waiting: boolean) => void;
}

/** Bytes that a message takes: without its headers, empty messages by the million would count as nothing. */
export function bytesOf(headers: FrameHeaders, body: Buffer): number {
  let bytes = body.length;
  for (const name in headers) bytes += name.length + (headers[name] as string).length;
  return bytes;
}

/** Tells the sender what became of its message, if it has not been told. */
export function settleItem(item: Item, outcome: Outcome): void {
  const { settle } = item;
  item.settle = undefined;
  settle?.(outcome);
}

/** The outcome of a message that came too late for anybody: its sender need not send it again. */
export const EXPIRED: Outcome = Object.freeze({ taken: true, headers: Object.freeze({ refused: 'message_expired' }) });
