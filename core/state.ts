import type { EpochSeconds } from './clock.ts';

/** Where a node stands, from its own interval. */
export type NodeState = 'fresh' | 'late' | 'missing' | 'retired';

/** Every state, in order of growing silence. */
export const NODE_STATES: readonly NodeState[] = Object.freeze(['fresh', 'late', 'missing', 'retired']);

/** What the state of a node is computed from. */
export interface StateInput {
  readonly lastseen: number;
  readonly interval: number | null;
  readonly retired?: number | undefined;
}

/** Settings of {@link nodeState}, in seconds. */
export interface StateRule {
  /** Stands in for nodes that did not say their interval. */
  readonly intervalSeconds: number;
  readonly expireAfterSeconds: number;
}

/** fresh within two of the node's own intervals, late until expireAfter, then missing; retired on purpose. */
export function nodeState(node: StateInput, now: EpochSeconds, rule: StateRule): NodeState {
  if (node.retired !== undefined) return 'retired';
  const age = now - node.lastseen;
  if (age > rule.expireAfterSeconds) return 'missing';
  return age > 2 * (node.interval ?? rule.intervalSeconds) ? 'late' : 'fresh';
}
