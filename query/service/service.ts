import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyPluginAsync, LogController } from 'fastify';
import type { Registry } from 'prom-client';
import { type Clock, durationMs, type Logger, parseListen, type TokenVerifier } from '../../core/index.ts';
import { boundLeftover, watchBody } from './body-time.ts';
import { callerOf, checkRouteRole } from './callers.ts';
import { answerClientError } from './client-errors.ts';
import { answerError } from './error-answers.ts';
import { addGraphql } from './graphql/graphql.ts';
import { createGuard } from './guards.ts';
import { addHealth, type ReadinessCheck } from './health.ts';
import { boundLoad, type LoadBound } from './load-bounds.ts';
import { addMetrics, type MeasuredEngine } from './metrics.ts';
import { createQuestionReader } from './questions.ts';
import { addRest } from './rest.ts';
import { type ServiceConfig, ServiceError } from './service-error.ts';
import { serviceLimits } from './service-limits.ts';
import { type Stopping, watchStop } from './stopping.ts';

/** What a service is made of. */
export interface ServiceParts {
  /** Where it has `figures()`, they are among the metrics. */
  readonly engine: MeasuredEngine;
  readonly tokens: TokenVerifier;
  readonly config: ServiceConfig;
  readonly logger: Logger;
  /** Where its figures go; one registry takes one service. */
  readonly metrics: Registry;
  readonly clock: Clock;
  /** Routes from other rooms; they find `request.caller` set, and throw MusterErrors. */
  readonly plugins?: readonly FastifyPluginAsync[];
  /** Parts of which GET /readyz speaks beside the engine: the store, the broker. */
  readonly readiness?: Readonly<Record<string, ReadinessCheck>>;
  /** How long a stop waits for requests under way, milliseconds; 10 s where not given. */
  readonly stopTimeoutMs?: number;
  /** Requests under way at once, beyond which `overloaded` is answered; 2000 where not given. */
  readonly requestsMax?: number;
}

/**
 * Makes the HTTP service: guards, callers, REST, GraphQL, metrics, health and the routes of `plugins`. Opens no port:
 * `listenService` does, tests use `inject`. `close()` stops it in order.
 */
export async function buildService(parts: ServiceParts): Promise<FastifyInstance> {
  const app = createApp(parts);
  const stopping = watchStop(app, parts.logger, parts.stopTimeoutMs ?? serviceLimits.stopTimeoutMs);
  takeJsonOnly(app);
  const load = boundLoad(app, parts.metrics, parts.logger, parts.requestsMax);
  guardRequests(app, parts, stopping, load);
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, parts.logger));
  app.setNotFoundHandler((request) => {
    throw new ServiceError('route_unknown', `There is nothing at ${request.method} ${request.url.split('?')[0]}`);
  });
  const metrics = addMetrics(app, parts.metrics, parts.engine);
  logSlowRequests(app, parts.logger);
  addHealth(app, { engine: parts.engine, stopping, clock: parts.clock }, parts.readiness ?? {});
  const question = { engine: parts.engine, read: createQuestionReader(metrics.parsed), metrics };
  addRest(app, question);
  await app.register(async (scope) => addGraphql(scope, { ...question, logger: parts.logger }));
  for (const plugin of parts.plugins ?? []) await app.register(plugin);
  return app;
}

function createApp(parts: ServiceParts): FastifyInstance {
  const { config, logger } = parts;
  const bodyTimeoutMs = durationMs(config.http.bodyTimeout, 'http.bodyTimeout');
  const headersTimeout = Math.min(serviceLimits.headersTimeoutMs, bodyTimeoutMs);
  const server = {
    headersTimeout,
    // Node's own bound on whole requests would also cut long imports: body-time.ts has ours.
    requestTimeout: 0,
    // How often Node looks for connections past their time.
    connectionsCheckingInterval: Math.max(100, Math.floor(headersTimeout / 4)),
    maxHeaderSize: serviceLimits.headerBytesMax,
  };
  const prefix = randomBytes(4).toString('hex');
  let requests = 0;
  const options = {
    loggerInstance: logger as unknown as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    bodyLimit: serviceLimits.bodyBytesMax,
    keepAliveTimeout: serviceLimits.keepAliveMs,
    connectionTimeout: serviceLimits.silenceMs,
    return503OnClosing: false,
    genReqId: (request: { headers: Record<string, string | string[] | undefined> }) =>
      requestIdOf(request.headers['x-request-id']) ?? `${prefix}-${(++requests).toString(36)}`,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error: Error, request: never, reply: never) => answerError(error, request, reply, logger),
    ajv: { customOptions: { removeAdditional: false, useDefaults: true, coerceTypes: 'array', verbose: true } },
    routerOptions: { maxParamLength: 300 },
  } as const;
  const { tls } = config.http;
  // Fastify's types give an instance of another type for https; nothing here depends on it.
  const app = (tls === undefined
    ? fastify({ ...options, http: server } as never)
    : fastify({
        ...options,
        https: { ...server, ...readTls(tls), minVersion: 'TLSv1.2' },
      } as never)) as unknown as FastifyInstance;
  return app;
}

function readTls(tls: NonNullable<ServiceConfig['http']['tls']>): Record<string, unknown> {
  const read = (file: string, field: string): Buffer => {
    try {
      return readFileSync(file);
    } catch (cause) {
      throw new ServiceError('key_unreadable', `Cannot read ${field} ${file}: ${(cause as Error).message}`, {
        field,
        value: file,
        cause,
      });
    }
  };
  return {
    cert: read(tls.cert, 'http.tls.cert'),
    key: read(tls.key, 'http.tls.key'),
    ...(tls.ca === undefined ? {} : { ca: read(tls.ca, 'http.tls.ca'), requestCert: true, rejectUnauthorized: false }),
  };
}

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** A caller's own request id where it is one that may stand in a log. */
function requestIdOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && REQUEST_ID.test(header) ? header : undefined;
}

/** JSON bodies alone, in UTF-8; routes that take NDJSON add their own parser in their own scope. */
function takeJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (!isUtf8(body as Buffer)) {
      done(new ServiceError('message_not_utf8', 'The request body holds bytes that are not UTF-8', { field: 'body' }));
      return;
    }
    parseJson(request, (body as Buffer).toString('utf8'), done);
  });
}

/** Guards, caller and role, in one hook: each hook costs every request. */
function guardRequests(app: FastifyInstance, parts: ServiceParts, stopping: Stopping, load: LoadBound): void {
  const guard = createGuard(parts.config);
  const bodyTimeoutMs = durationMs(parts.config.http.bodyTimeout, 'http.bodyTimeout');
  app.decorateRequest('caller');
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(ANSWER_HEADERS);
    reply.header('x-request-id', request.id);
    try {
      load.enter();
      stopping.check();
      guard(request);
      const caller = callerOf(request, parts.tokens);
      if (!(caller instanceof Promise)) {
        request.caller = caller;
        checkRouteRole(request);
        done();
        return;
      }
      caller
        .then((known) => {
          request.caller = known;
          checkRouteRole(request);
        })
        .then(() => done(), done);
    } catch (error) {
      done(error as Error);
    }
  });
  app.addHook('preParsing', (request, _reply, payload, done) => {
    watchBody(request, bodyTimeoutMs);
    done(null, payload);
  });
  app.addHook('onResponse', (request, _reply, done) => {
    boundLeftover(request, bodyTimeoutMs);
    done();
  });
}

/** Nothing here is to be shown inside another site's page, guessed at, or kept by a cache. */
const ANSWER_HEADERS = Object.freeze({
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
});

function logSlowRequests(app: FastifyInstance, logger: Logger): void {
  app.addHook('onResponse', (request, reply, done) => {
    const slow = reply.elapsedTime > serviceLimits.slowRequestMs;
    if (slow || logger.level === 'debug' || logger.level === 'trace') {
      const line = {
        requestId: request.id,
        method: request.method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        caller: request.caller?.callerid,
      };
      if (slow) logger.info(line, 'A request was slow');
      else logger.debug(line, 'A request was answered');
    }
    done();
  });
}

/**
 * Opens the port that `http.listen` names and gives the address with the port that was taken.
 * @throws ServiceError `address_in_use`
 */
export async function listenService(app: FastifyInstance, config: ServiceConfig): Promise<string> {
  const { host, port } = parseListen(config.http.listen, 'http.listen');
  try {
    return await app.listen({ host, port });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    throw new ServiceError('address_in_use', `http.listen ${config.http.listen} is taken by another process`, {
      field: 'http.listen',
      value: config.http.listen,
      cause,
    });
  }
}
