import type { Identity } from '../../core/index.ts';
import { fingerprint } from '../../wire/index.ts';
import { RegistryError } from '../errors.ts';
import type { CandidateKey, KeyClaim, NotAdmitted } from './contract.ts';

function refused(error: RegistryError, seenBefore = false): NotAdmitted {
  return { error, seenBefore };
}

/** Another key is enrolled for the identity. */
export function owned({ identity, key }: KeyClaim, owner: string): NotAdmitted {
  return refused(
    new RegistryError(
      'identity_owned',
      `${identity} belongs to the key ${owner}, the message is signed by ${fingerprint(key)}`,
      { field: 'identity', value: identity, identity },
    ),
  );
}

/** The key waits for an operator. */
export function pending({ identity, key }: KeyClaim): RegistryError {
  return new RegistryError('sender_pending', `The key ${fingerprint(key)} of ${identity} waits for approval`, {
    field: 'header.key',
    identity,
    remedy: `Compare the fingerprint, then: muster node approve ${identity}`,
  });
}

/** The node is retired. */
export function retired({ identity }: KeyClaim): RegistryError {
  return new RegistryError('identity_retired', `${identity} is retired and does not come back by registering`, {
    field: 'identity',
    value: identity,
    identity,
  });
}

/** The message was made before an operator took the key off. */
export function beforeRelease({ identity, msgtime }: KeyClaim, since: number): NotAdmitted {
  return refused(
    new RegistryError(
      'message_replayed',
      `The message of ${identity} was made at ${msgtime}, and the key was taken off at ${since}`,
      {
        field: 'msgtime',
        value: msgtime,
        identity,
        remedy: 'Nothing: the node’s next registration is taken; set its clock if it is behind',
      },
    ),
  );
}

/** The key is not enrolled and there is no room to let it wait. */
export function unknownSender({ identity }: KeyClaim, waitingMax: number): NotAdmitted {
  return refused(
    new RegistryError('sender_unknown', `${identity} is not enrolled, and ${waitingMax} nodes wait already`, {
      field: 'header.key',
      identity,
      remedy: 'Approve or forget those that wait: muster node pending',
    }),
  );
}

/** A proof of the join token came and does not fit. */
export function wrongJoin({ identity }: KeyClaim): NotAdmitted {
  return refused(
    new RegistryError('sender_unknown', `The proof of the join token that ${identity} sent is not right`, {
      field: 'join',
      identity,
      remedy: 'Give the node the registry’s join token: security.joinTokenFile',
    }),
  );
}

/** There is nothing to approve. */
export function nothingWaits(
  identity: Identity,
  wanted: string | undefined,
  waiting: readonly CandidateKey[],
): RegistryError {
  if (wanted === undefined || waiting.length === 0) {
    return new RegistryError('identity_unknown', `No key of ${identity} waits for approval`, { identity });
  }
  return new RegistryError('argument_invalid', `No key ${wanted} waits for ${identity}`, {
    field: 'fingerprint',
    value: wanted,
    identity,
    remedy: `Waiting: ${waiting.map((one) => one.fingerprint).join(', ')}`,
  });
}

/** More than one key waits, and the operator did not say which. */
export function severalWait(identity: Identity, waiting: readonly CandidateKey[]): RegistryError {
  return new RegistryError('argument_invalid', `${waiting.length} keys wait for ${identity}`, {
    field: 'fingerprint',
    identity,
    remedy: `Name one of ${waiting.map((one) => one.fingerprint).join(', ')}`,
  });
}
