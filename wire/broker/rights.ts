import { shownValue } from '../../core/index.ts';
import type { Principal } from '../broker-contract.ts';
import { WireError } from '../errors.ts';
import type { Selector } from './selector.ts';

/*
 * Who may do what at the embedded broker: one table. What is not in it is refused. docs/broker.md shows the same lines.
 */

/** What a destination is for. */
export type DestinationKind = 'registrations' | 'requests' | 'directed' | 'replies';

/** One line of the table. */
export interface Right {
  readonly act: 'send' | 'subscribe';
  readonly kind: DestinationKind;
  readonly who: readonly Principal['kind'][];
  /** `own selector`: with exactly `mc_identity = '<own identity>'`. `own queue`: the requester's name is in its name. */
  readonly only?: 'own selector' | 'own queue';
  readonly because: string;
}

/** The table. */
export const RIGHTS: readonly Right[] = Object.freeze([
  {
    act: 'send',
    kind: 'registrations',
    who: ['node', 'registry', 'client', 'anonymous'],
    because: 'what counts is the signature inside, not who carries it',
  },
  { act: 'send', kind: 'requests', who: ['registry', 'client'], because: 'nodes answer, they do not command' },
  { act: 'send', kind: 'directed', who: ['registry', 'client'], because: 'nodes answer, they do not command' },
  { act: 'send', kind: 'replies', who: ['node'], because: 'only nodes answer' },
  { act: 'subscribe', kind: 'registrations', who: ['registry'], because: 'facts are for the registry alone' },
  { act: 'subscribe', kind: 'requests', who: ['node'], because: 'requests to all nodes with an agent' },
  {
    act: 'subscribe',
    kind: 'directed',
    who: ['node'],
    only: 'own selector',
    because: 'requests to one node are for that node alone',
  },
  {
    act: 'subscribe',
    kind: 'replies',
    who: ['node', 'registry', 'client'],
    only: 'own queue',
    because: 'replies are for who asked',
  },
]);

/** A destination taken apart. */
export interface Destination {
  readonly kind: DestinationKind;
  readonly collective: string;
  /** Of a reply queue: the name of who asked, up to the last underscore. */
  readonly owner: string;
}

const COLLECTIVE = '[A-Za-z0-9_-]{1,128}';
const SHAPES: readonly (readonly [DestinationKind, RegExp])[] = [
  ['registrations', new RegExp(`^/queue/(${COLLECTIVE})\\.registration$`)],
  ['registrations', new RegExp(`^/topic/(${COLLECTIVE})\\.registration\\.agent$`)],
  ['requests', new RegExp(`^/topic/(${COLLECTIVE})\\.[A-Za-z0-9_-]{1,128}\\.agent$`)],
  ['requests', new RegExp(`^/topic/(${COLLECTIVE})\\.agents$`)],
  ['directed', new RegExp(`^/queue/(${COLLECTIVE})\\.nodes$`)],
  // Nothing after the last underscore holds one: so the owner is told from `web` and `web_1` without a doubt.
  ['replies', new RegExp(`^/queue/(${COLLECTIVE})\\.reply\\.([A-Za-z0-9._-]{1,253})_[A-Za-z0-9.-]{1,64}$`)],
];

/** A destination of the protocol page (1.2) taken apart; undefined for any other. */
export function readDestination(destination: string): Destination | undefined {
  for (const [kind, shape] of SHAPES) {
    const match = shape.exec(destination);
    if (match !== null) return { kind, collective: match[1] as string, owner: match[2] ?? '' };
  }
  return undefined;
}

/**
 * Checks that somebody may send to or subscribe to a destination, by the table.
 * @throws WireError `broker_refused`.
 */
export function checkRight(
  act: Right['act'],
  principal: Principal,
  destination: string,
  selector?: Selector | undefined,
): Destination {
  const read = readDestination(destination);
  if (read === undefined) throw refused(act, principal, destination, 'there is no such destination here');
  const right = RIGHTS.find((one) => one.act === act && one.kind === read.kind && one.who.includes(principal.kind));
  if (right === undefined) throw refused(act, principal, destination, `it may not ${act} there`);
  const name = principalName(principal).toLowerCase();
  if (right.only === 'own queue' && read.owner.toLowerCase() !== name) {
    throw refused(act, principal, destination, 'it is somebody else’s reply queue');
  }
  if (right.only === 'own selector' && !selectsOnly(selector, name)) {
    throw refused(act, principal, destination, `the selector must be mc_identity = '${principalName(principal)}'`);
  }
  return read;
}

function selectsOnly(selector: Selector | undefined, name: string): boolean {
  return selector?.equality?.name === 'mc_identity' && selector.equality.value.toLowerCase() === name;
}

/** The name a principal goes by in its reply queues and in the log. */
export function principalName(principal: Principal): string {
  switch (principal.kind) {
    case 'node':
      return principal.identity;
    case 'client':
      return principal.name;
    case 'registry':
      return principal.name ?? 'registry';
    case 'anonymous':
      return '';
  }
}

function refused(act: string, principal: Principal, destination: string, why: string): WireError {
  const who = `${principal.kind} ${principalName(principal)}`.trim();
  return new WireError('broker_refused', `${who} may not ${act} to ${shownValue(destination)}: ${why}`, {
    field: 'destination',
    value: shownValue(destination),
    remedy: 'docs/broker.md lists who may send and subscribe where',
  });
}
