import type { Identity, MusterError } from '../../core/index.ts';
import type { FeedPosition } from '../node-store.ts';

/** What became of a message. Both kinds are final: sending it again is of no use. */
export type Outcome = Taken | RefusedOutcome;

/** It is in the store, durably; a `duplicate` was there before. */
export interface Taken {
  readonly kind: 'taken';
  readonly outcome: 'inserted' | 'changed' | 'unchanged' | 'duplicate';
  readonly identity: Identity;
  readonly revision: number;
  /** At or after the write, for whoever follows the store's feed. */
  readonly position: FeedPosition;
  /** Numbers that no double holds, kept as strings. */
  readonly keptAsText: number;
}

/** It was refused, counted, logged, and kept as a dead letter where there was room. */
export interface RefusedOutcome {
  readonly kind: 'refused';
  readonly error: MusterError;
  /** Id of the dead letter, undefined where none was kept. */
  readonly deadLetter: string | undefined;
}
