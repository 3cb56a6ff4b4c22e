import { asMusterError, type Logger } from '../../core/index.ts';
import {
  type Broker,
  type BrokerLink,
  type FrameHeaders,
  type Principal,
  registrationQueue,
} from '../../wire/index.ts';
import type { Origin } from '../origin.ts';
import type { Outcome } from '../pipeline/outcome.ts';
import type { Registry } from '../registry.ts';

/** What the STOMP consumers work with. */
export interface StompConsumerOptions {
  readonly registry: Pick<Registry, 'submit' | 'hasRoom' | 'room'>;
  readonly collectives: readonly string[];
  readonly logger: Logger;
}

/**
 * Takes the registrations of a broker in this process. The sender's RECEIPT comes when its registration is durable, or
 * refused for good: then with a header `refused: <error code>`. What could not be decided gets none and is sent again.
 * Gives a function that stops taking.
 */
export function consumeFromBroker(broker: Pick<Broker, 'consume'>, options: StompConsumerOptions): () => void {
  const stops = options.collectives.map((collective) =>
    broker.consume(registrationQueue(collective), async ({ destination, body, principal }) => {
      const origin: Origin = { via: 'stomp', destination, peer: peerOf(principal) };
      const outcome = await submitWithRoom(options.registry, body, origin);
      return outcome.kind === 'refused' ? ({ refused: outcome.error.code } satisfies FrameHeaders) : undefined;
    }),
  );
  return () => {
    for (const stop of stops) stop();
  };
}

/**
 * Takes the registrations of a broker elsewhere: a message is acked when it is durable or refused for good, given back
 * to the broker where it could not be decided. Gives a function that stops taking.
 */
export function consumeFromLink(link: Pick<BrokerLink, 'subscribe'>, options: StompConsumerOptions): () => void {
  const { registry, logger } = options;
  const stops = options.collectives.map((collective) => {
    const queue = registrationQueue(collective);
    return link.subscribe(
      queue,
      async (delivery) => {
        try {
          // The queue asked for, not what the broker calls it: the message names the same.
          await submitWithRoom(registry, delivery.body, { via: 'stomp', destination: queue });
          delivery.ack();
        } catch (thrown) {
          const error = asMusterError(thrown);
          logger.warn({ code: error.code, reason: error.message, destination: queue }, 'registration given back');
          delivery.nack();
        }
      },
      { ack: 'client-individual' },
    );
  });
  return () => {
    for (const stop of stops) stop();
  };
}

/** Waits where the queue is full: the broker bounds what it hands over, and stops reading its sockets meanwhile. */
async function submitWithRoom(
  registry: StompConsumerOptions['registry'],
  bytes: Uint8Array,
  origin: Origin,
): Promise<Outcome> {
  while (!registry.hasRoom) await registry.room();
  return registry.submit(bytes, origin);
}

function peerOf(principal: Principal): string {
  if (principal.kind === 'node') return `node=${principal.identity}`;
  return principal.kind === 'client' ? `client=${principal.name}` : principal.kind;
}
