import type { Readable } from 'node:stream';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { type Caller, errorCatalogue, limits, MusterError } from '../../core/index.ts';
import { RegistryError } from '../errors.ts';
import type { Registry } from '../registry.ts';
import { requireCaller } from './access.ts';
import { bodyChunks } from './body-stream.ts';
import { Intake } from './intake.ts';
import { JsonSplitter } from './split-json.ts';
import { LineSplitter, type Splitter } from './split-lines.ts';

/** What {@link registrationRoutes} works with. */
export interface RegistrationRoutesOptions {
  readonly registry: Pick<Registry, 'submit' | 'room' | 'hasRoom'>;
  /** Who a request was proven to come from. */
  readonly callerOf: (request: FastifyRequest) => Caller | undefined;
}

/** A piece over the message bound is dropped up to here; one that still goes on ends the request. */
const OPEN_PIECE_BYTES_MAX = 64 * 1024 * 1024;
const JSON_TYPE = /^application\/json\b/i;
const NDJSON_TYPE = /^application\/(x-ndjson|ndjson|jsonl)\b/i;

/**
 * `POST /v1/registrations`: one registration, an array, or a stream of lines; also as gzip. Needs a `register` token
 * that fits the identities, or `admin`. Errors of the whole request are thrown as MusterErrors for the service to answer.
 */
export function registrationRoutes(options: RegistrationRoutesOptions): FastifyPluginAsync {
  return async (app) => {
    // The body is read as it arrives, with bounds of its own on every registration.
    app.removeAllContentTypeParsers();
    for (const type of [JSON_TYPE, NDJSON_TYPE]) {
      app.addContentTypeParser(type, (_request, payload, done) => done(null, payload));
    }
    app.addContentTypeParser('*', (request, _payload, done) => done(refusedType(request.headers['content-type'])));
    app.post('/v1/registrations', { bodyLimit: Number.MAX_SAFE_INTEGER }, async (request, reply) => {
      const caller = requireCaller(options.callerOf(request), 'register');
      await takeRequest(options.registry, caller, request, reply);
      return reply;
    });
  };
}

async function takeRequest(
  registry: RegistrationRoutesOptions['registry'],
  caller: Caller,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const body = request.body as Readable | undefined;
  if (body === undefined) throw refusedType(request.headers['content-type']);
  const lines = NDJSON_TYPE.test(request.headers['content-type'] ?? '');
  const splitter = lines ? new LineSplitter(limits.messageBytesMax) : new JsonSplitter(limits.messageBytesMax);
  const intake = new Intake(registry, { via: 'http', caller });
  let failed: MusterError | undefined;
  try {
    await readAll(body, request, splitter, intake);
  } catch (thrown) {
    failed = asRequestError(thrown);
  }
  // What was taken before is decided all the same, and told.
  await intake.settled().catch((thrown: unknown) => {
    failed ??= asRequestError(thrown);
  });
  // Whatever the sender still writes is read and dropped, so that it gets to read the answer.
  body.resume();
  if (splitter.open > OPEN_PIECE_BYTES_MAX) reply.header('connection', 'close');
  const single = splitter instanceof JsonSplitter && !splitter.isArray;
  answer(reply, intake, failed, single);
}

async function readAll(body: Readable, request: FastifyRequest, splitter: Splitter, intake: Intake): Promise<void> {
  for await (const chunk of bodyChunks(body, request.headers)) {
    for (const piece of splitter.push(chunk)) await intake.take(piece);
    if (splitter.open > OPEN_PIECE_BYTES_MAX) {
      throw new RegistryError('message_too_large', `A registration goes on beyond ${OPEN_PIECE_BYTES_MAX} bytes`);
    }
  }
  for (const piece of splitter.end()) await intake.take(piece);
  if (intake.report().received === 0) {
    throw new RegistryError('message_malformed', 'The body holds no registration', { field: 'body' });
  }
}

/** One registration is answered by its own status; of several, all that went in make 200, any refused 422. */
function answer(reply: FastifyReply, intake: Intake, failed: MusterError | undefined, single: boolean): void {
  const report = intake.report();
  const refusal = report.refusals[0];
  if (failed === undefined && refusal !== undefined) {
    failed = single
      ? intake.firstRefusal
      : new RegistryError('batch_refused', `${report.refused} of ${report.received} registrations were refused`);
  }
  if (failed === undefined) {
    reply.code(200).send(report);
    return;
  }
  if (report.received === 0) throw failed;
  if (failed.code === 'overloaded') reply.header('retry-after', String(RETRY_AFTER_SECONDS));
  reply.code(errorCatalogue[failed.code].http).send({ ...failed.toJSON(), ...report });
}

const RETRY_AFTER_SECONDS = 2;

function asRequestError(thrown: unknown): MusterError {
  if (thrown instanceof MusterError && thrown.code !== 'internal_error') return thrown;
  throw thrown;
}

function refusedType(type: string | undefined): RegistryError {
  return new RegistryError('content_type_refused', `A body of type ${type ?? 'unnamed'} was sent`, {
    field: 'content-type',
  });
}
