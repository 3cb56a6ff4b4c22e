import { node } from '../test/data/fleet.mjs';
import { generateSigningKey, type Message, registrationQueue, sealMessage } from '../wire/index.ts';
import { atRound, type Round } from './fleet.ts';
import { sendFrame } from './stomp-load.ts';

const COLLECTIVE = 'mcollective';
const QUEUE = registrationQueue(COLLECTIVE);
/** Long enough for frames that are made before they are sent. */
const TTL_SECONDS = 86_400;

/** Nodes with keys of their own that register over STOMP. */
export interface Senders {
  /** A signed frame of every node, made now, to be sent in this order; `roundOf` says what node `i` sends. */
  frames(roundOf: (i: number) => Round): readonly Buffer[];
}

/** Makes keys and documents of so many nodes: those of the fleet from `from` on, under names of their own. */
export function makeSenders(nodes: number, from: number): Senders {
  let sequence = 0;
  const made = Array.from({ length: nodes }, (_, i) => {
    const document = node(from + i);
    return { document: { ...document, identity: `signed-${document.identity}` }, key: generateSigningKey() };
  });
  return {
    frames: (roundOf) =>
      made.map(({ document, key }, i) => {
        sequence += 1;
        const message: Message = {
          kind: 'request',
          requestid: (from * 1e6 + sequence).toString(16).padStart(32, '0'),
          senderid: document.identity,
          callerid: `node=${document.identity}`,
          agent: 'registration',
          collective: COLLECTIVE,
          target: QUEUE,
          filter: { fact: [], cf_class: [], agent: ['registration'], identity: [], compound: [] },
          msgtime: Math.floor(Date.now() / 1000),
          sequence,
          ttl: TTL_SECONDS,
          body: { ...atRound(document, i, roundOf(i)), interval: 300 },
        };
        return sendFrame(QUEUE, sealMessage(message, key), `r${sequence}`);
      }),
  };
}
