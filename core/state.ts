import type { EpochSeconds } from './clock.ts';
import { CoreError, shownValue } from './errors.ts';

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

/**
 * Reads states from what people write for them: `late,missing`, or several texts of this kind. Each state comes once.
 * @throws CoreError `argument_invalid` for any other word, and where there is none at all; `field` names where it stood.
 */
export function parseNodeStates(texts: readonly string[], field = 'state'): readonly NodeState[] {
  const states = new Set<NodeState>();
  for (const word of texts.flatMap((text) => text.split(','))) {
    const name = word.trim();
    const state = NODE_STATES.find((known) => known === name);
    if (state === undefined) throw noState(field, shownValue(name));
    states.add(state);
  }
  if (states.size === 0) throw noState(field, 'an empty list');
  return [...states];
}

function noState(field: string, value: string): CoreError {
  const expected = `${NODE_STATES.slice(0, -1).join(', ')} or ${NODE_STATES.at(-1)}`;
  return new CoreError('argument_invalid', `${field} is ${value}, ${expected} was expected`, { field, value });
}
