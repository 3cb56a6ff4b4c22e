import type { FastifyInstance } from 'fastify';
import type { Logger } from '../../core/index.ts';
import { ServiceError } from './service-error.ts';

/** How often connections that became idle during a stop are closed, milliseconds. */
const SWEEP_MS = 50;

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
  app.addHook('preClose', (done) => {
    now = true;
    if (app.server.listening) endConnections(app, logger, timeoutMs);
    done();
  });
  return {
    get now() {
      return now;
    },
    check() {
      if (now) throw new ServiceError('shutting_down', 'The service is stopping and takes no new requests');
    },
  };
}

function endConnections(app: FastifyInstance, logger: Logger, timeoutMs: number): void {
  const { server } = app;
  // A connection whose last request ends during the stop would otherwise stay open until its keep-alive is over.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  const timer = setTimeout(() => {
    logger.warn({ timeoutMs }, 'Requests were cut off: they did not finish before the stop’s time was up');
    server.closeAllConnections();
  }, timeoutMs);
  server.once('close', () => {
    clearInterval(sweep);
    clearTimeout(timer);
  });
}
