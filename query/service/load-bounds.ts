import type { FastifyInstance } from 'fastify';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Logger } from '../../core/index.ts';
import { ServiceError } from './service-error.ts';
import { serviceLimits } from './service-limits.ts';

/** Bounds what may be under way at once. */
export interface LoadBound {
  /** Counts one request in; it is counted out when its answer is done. Throws ServiceError `overloaded`. */
  enter(): void;
}

/** Bounds open connections and requests under way; reaching a bound is counted, and logged once a minute. */
export function boundLoad(
  app: FastifyInstance,
  registry: Registry,
  logger: Logger,
  requestsMax: number = serviceLimits.requestsMax,
): LoadBound {
  let underWay = 0;
  const refused = new Counter({
    name: 'muster_http_overload_total',
    help: 'Requests and connections refused since a bound was reached',
    labelNames: ['what'],
    registers: [registry],
  });
  new Gauge({
    name: 'muster_http_requests_under_way',
    help: 'Requests that are being answered',
    registers: [registry],
    collect() {
      this.set(underWay);
    },
  });
  let lastSaid = 0;
  const say = (what: string, max: number): void => {
    refused.inc({ what });
    if (performance.now() - lastSaid < SAY_EVERY_MS && lastSaid !== 0) return;
    lastSaid = performance.now();
    logger.warn({ what, max }, `The bound on ${what} is reached: more are refused`);
  };
  app.server.maxConnections = serviceLimits.connectionsMax;
  app.server.on('drop', () => say('connections', serviceLimits.connectionsMax));
  app.addHook('onResponse', (_request, _reply, done) => {
    underWay -= 1;
    done();
  });
  return {
    enter() {
      underWay += 1;
      if (underWay <= requestsMax) return;
      say('requests', requestsMax);
      throw new ServiceError('overloaded', `${requestsMax} requests are under way already`);
    },
  };
}

/** How often reaching a bound is logged, milliseconds. */
const SAY_EVERY_MS = 60_000;
