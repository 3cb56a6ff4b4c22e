import type { ErrorCode } from '../../core/index.ts';

/** Why a message went nowhere. */
export type DropReason = 'expired' | 'queue_full' | 'nacked' | 'consumer_failed';

/** What the broker counts; whoever runs it puts these into its own metrics. */
export interface BrokerMetrics {
  connectionOpened(): void;
  connectionClosed(): void;
  /** `command` is one of STOMP's, or `other`. */
  frameReceived(command: string): void;
  frameSent(command: string): void;
  /** A login, frame or connection was refused. */
  refused(code: ErrorCode): void;
  dropped(reason: DropReason): void;
}

/** Counts nothing. */
export const noMetrics: BrokerMetrics = Object.freeze({
  connectionOpened: () => {},
  connectionClosed: () => {},
  frameReceived: () => {},
  frameSent: () => {},
  refused: () => {},
  dropped: () => {},
});
