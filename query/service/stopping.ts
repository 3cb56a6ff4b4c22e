import type { FastifyInstance } from 'fastify';
import type { Logger } from '../../core/index.ts';
import { ServiceError } from './service-error.ts';

/** Whether the service is on its way out. */
export interface Stopping {
  readonly now: boolean;
  /** Throws ServiceError `shutting_down` once a stop has begun. */
  check(): void;
}

/**
 * A stop in order: no new connections, idle ones closed, new requests on open ones refused with `shutting_down`, those
 * under way finished. What is not finished after `timeoutMs` loses its connection.
 */
export function watchStop(app: FastifyInstance, logger: Logger, timeoutMs: number): Stopping {
  let now = false;
  let timer: NodeJS.Timeout | undefined;
  app.addHook('preClose', (done) => {
    now = true;
    timer = setTimeout(() => {
      logger.warn({ timeoutMs }, 'Requests were cut off: they did not finish before the stop’s time was up');
      app.server.closeAllConnections();
    }, timeoutMs);
    done();
  });
  app.addHook('onClose', async () => clearTimeout(timer));
  return {
    get now() {
      return now;
    },
    check() {
      if (now) throw new ServiceError('shutting_down', 'The service is stopping and takes no new requests');
    },
  };
}
