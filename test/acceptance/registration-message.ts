import { type Message, registrationQueue } from '../../wire/index.ts';

/** Where the tests' nodes register. */
export const QUEUE = registrationQueue('mcollective');

/** The message of a node's registration, to be sealed; `changes` make it a bad one. */
export function registrationMessage(
  identity: string,
  sequence: number,
  body: Readonly<Record<string, unknown>>,
  changes: Partial<Message> = {},
): Message {
  return {
    kind: 'request',
    requestid: sequence.toString(16).padStart(32, '0'),
    senderid: identity,
    callerid: `node=${identity}`,
    agent: 'registration',
    collective: 'mcollective',
    target: QUEUE,
    filter: { fact: [], cf_class: [], agent: ['registration'], identity: [], compound: [] },
    msgtime: Math.floor(Date.now() / 1000),
    sequence,
    ttl: 3600,
    body: { identity, facts: {}, ...body } as Message['body'],
    ...changes,
  };
}
