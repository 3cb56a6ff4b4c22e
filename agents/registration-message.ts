import { randomBytes } from 'node:crypto';
import type { Json, Registration } from '../core/index.ts';
import { joinProof, type Message, registrationQueue, type SigningKey, sealMessage } from '../wire/index.ts';
import type { OrderMark } from './message-order.ts';

/** What a registration message is made of. */
export interface RegistrationMessage {
  readonly registration: Registration;
  readonly collective: string;
  readonly order: OrderMark;
  readonly ttlSeconds: number;
  readonly signingKey: SigningKey;
  /** Proof of it goes with the message, for as long as the registry does not know the key. */
  readonly joinToken?: string | undefined;
}

/** The agent a registration is addressed to. */
export const REGISTRATION_AGENT = 'registration';

/**
 * A registration, signed and ready to be sent to {@link registrationQueue} of its collective. Sending the same bytes
 * again is a duplicate to the registry, not a second registration.
 * @throws WireError `message_too_large`
 */
export function sealRegistration(input: RegistrationMessage): Uint8Array {
  const { registration, collective, order, signingKey, joinToken } = input;
  const senderid = registration.identity;
  const message: Message = {
    kind: 'request',
    requestid: randomBytes(16).toString('hex'),
    senderid,
    callerid: `node=${senderid}`,
    agent: REGISTRATION_AGENT,
    collective,
    target: registrationQueue(collective),
    filter: { fact: [], cf_class: [], agent: [], identity: [], compound: [] },
    msgtime: order.msgtime,
    sequence: order.sequence,
    ttl: input.ttlSeconds,
    body: registration as unknown as Json,
    ...(joinToken === undefined ? {} : { join: joinProof(joinToken, signingKey.publicKey, senderid, order.msgtime) }),
  };
  return sealMessage(message, signingKey);
}
