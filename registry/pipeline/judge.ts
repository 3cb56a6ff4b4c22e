import type { Identity, JsonObject, NormalisedRegistration, Source } from '../../core/index.ts';
import type { Enrolment, NotAdmitted } from '../enrolment/contract.ts';
import { RegistryError } from '../errors.ts';
import { matchesIdentityPattern } from '../identity-pattern.ts';
import type { ChangeOutcome, NodeChange } from '../node-store.ts';
import type { Origin } from '../origin.ts';
import type { ExaminedInBytes } from './batch-codec.ts';
import type { Content } from './normalise.ts';

/** A registration to apply to the store. */
export type RegisterChange = Extract<NodeChange, { kind: 'register' }>;

/** What {@link authorise} asks beside the message. */
export interface Authority {
  readonly enrolment: Enrolment;
  /** True for a replay, which an administrator answers for: a token's pattern and rank are not asked. */
  readonly byAdmin: boolean;
}

/** May the sender write this node? Its key must be the enrolled one, its token's pattern must fit. */
export async function authorise(
  examined: ExaminedInBytes,
  origin: Origin,
  { enrolment, byAdmin }: Authority,
): Promise<NotAdmitted | undefined> {
  const { identity } = examined.registration;
  const { signed } = examined;
  if (signed !== undefined) {
    const { key, senderid, msgtime, join } = signed;
    return enrolment.admit({ identity, key, senderid, msgtime, join });
  }
  if (origin.via !== 'http' || byAdmin) return undefined;
  const { role, identityPattern, callerid } = origin.caller;
  if (role === 'admin') return undefined;
  if (role === 'register' && identityPattern !== undefined && matchesIdentityPattern(identity, identityPattern)) {
    return undefined;
  }
  const error = new RegistryError(
    'not_for_this_token',
    `${callerid} may write ${identityPattern ?? 'no node'}, not ${identity}`,
    { field: 'identity', value: identity, identity },
  );
  return { error, seenBefore: false };
}

/** The change of a message that was found good and whose sender may. */
export function changeOf(
  examined: ExaminedInBytes,
  origin: Origin,
  receivedAt: RegisterChange['receivedAt'],
  byAdmin: boolean,
): RegisterChange {
  const { signed } = examined;
  const admin = byAdmin || (origin.via === 'http' && origin.caller.role === 'admin');
  return {
    kind: 'register',
    registration: lazyRegistration(examined),
    source: sourceOf(examined, origin),
    receivedAt,
    ...(signed === undefined ? {} : { order: { msgtime: signed.msgtime, sequence: signed.sequence } }),
    ...(admin && signed === undefined ? { byAdmin: true } : {}),
  };
}

function sourceOf({ signed }: ExaminedInBytes, origin: Origin): Source {
  return signed !== undefined
    ? { via: origin.via, callerid: signed.callerid, proof: 'key', serializer: 'json' }
    : {
        via: origin.via,
        callerid: origin.via === 'http' ? origin.caller.callerid : 'unknown',
        proof: 'token',
        serializer: 'json',
      };
}

/** A registration whose content is parsed when the store first asks: for an unchanged node it never does. */
function lazyRegistration({ registration }: ExaminedInBytes): NormalisedRegistration {
  const { identity, fqdn, interval, digest } = registration;
  let content: Content | undefined;
  let volatile: JsonObject | undefined;
  const whole = (): Content => {
    content ??= parsed<Content>(registration.content);
    return content;
  };
  return {
    identity,
    fqdn,
    interval,
    digest,
    get facts() {
      return whole().facts;
    },
    get classes() {
      return whole().classes;
    },
    get agentlist() {
      return whole().agentlist;
    },
    get collectives() {
      return whole().collectives;
    },
    get extra() {
      return whole().extra;
    },
    get volatile() {
      volatile ??= parsed<JsonObject>(registration.volatile);
      return volatile;
    },
  };
}

function parsed<T>(bytes: Uint8Array): T {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as T;
}

/** The error of a change that the store refused; undefined for what it did. */
export function refusalOf(
  outcome: ChangeOutcome,
  identity: Identity,
  change: RegisterChange,
): RegistryError | undefined {
  const at = { field: 'identity', value: identity, identity };
  switch (outcome) {
    case 'replayed':
      return new RegistryError(
        'message_replayed',
        `The message of ${identity} made at ${change.order?.msgtime} is older than the newest one`,
        { field: 'msgtime', value: change.order?.msgtime ?? null, identity },
      );
    case 'owned':
      return new RegistryError('identity_owned', `${identity} belongs to a sender that proved more`, at);
    case 'is-retired':
      return new RegistryError('identity_retired', `${identity} is retired and does not come back by registering`, at);
    default:
      return undefined;
  }
}
