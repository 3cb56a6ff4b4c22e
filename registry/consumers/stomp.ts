import { asMusterError, type Logger } from '../../core/index.ts';
import {
  type Broker,
  type BrokerLink,
  type FrameHeaders,
  type Principal,
  registrationQueue,
} from '../../wire/index.ts';
import type { Registry } from '../registry.ts';

/** What the STOMP consumers work with. */
export interface StompConsumerOptions {
  readonly registry: Pick<Registry, 'submit' | 'room'>;
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
      const outcome = await options.registry.submit(body, { via: 'stomp', destination, peer: peerOf(principal) });
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
          await registry.room();
          // The queue asked for, not what the broker calls it: the message names the same.
          await registry.submit(delivery.body, { via: 'stomp', destination: queue });
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

function peerOf(principal: Principal): string {
  if (principal.kind === 'node') return `node=${principal.identity}`;
  return principal.kind === 'client' ? `client=${principal.name}` : principal.kind;
}
