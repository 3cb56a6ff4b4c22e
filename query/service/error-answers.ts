import type { ErrorObject } from 'ajv';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, errorCatalogue, faultsOf, type Logger, MusterError, shownValue } from '../../core/index.ts';
import { isInternal, ServiceError } from './service-error.ts';

/*
 * The one place where what was thrown becomes what is answered: the catalogue gives the status, the error its body.
 * What is not ours is logged whole and answered as `internal_error` without a word of it.
 */

/** Fastify's own errors by their code, as ours. */
const OF_FASTIFY: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['request_too_large', 'The request body is over its bound'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['content_type_refused', 'This address does not take a body of this type'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['message_truncated', 'The request body is not as long as Content-Length says'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['message_malformed', 'The request body is empty, JSON was expected'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['message_malformed', 'The request body is not JSON'],
  FST_ERR_BAD_URL: ['route_unknown', 'The address is not a valid one'],
  FST_ERR_MAX_PARAM_LENGTH: ['route_unknown', 'A part of the address is too long'],
  FST_ERR_NOT_FOUND: ['route_unknown', 'There is nothing at this address'],
  ECONNRESET: ['message_truncated', 'The connection broke before the body was whole'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'The request took too long to arrive'],
};

/** Anything thrown while a request was answered, as an error that may be shown. */
export function shownError(thrown: unknown): MusterError {
  if (thrown instanceof MusterError) return thrown;
  const error = thrown as Partial<FastifyError>;
  if (Array.isArray(error.validation)) return validationError(error as FastifyError);
  const known = typeof error.code === 'string' ? OF_FASTIFY[error.code] : undefined;
  if (known !== undefined) return new ServiceError(known[0], known[1], { cause: thrown });
  return new ServiceError('internal_error', thrown instanceof Error ? thrown.message : String(thrown), {
    cause: thrown,
  });
}

function validationError(error: FastifyError): ServiceError {
  const where = error.validationContext === 'body' ? 'body' : 'address';
  const faults = faultsOf(error.validation as unknown as ErrorObject[]);
  const first = faults[0];
  return new ServiceError('argument_invalid', `The ${where}: ${faults.map((fault) => fault.message).join('; ')}`, {
    ...(first === undefined ? {} : { field: first.field, value: first.value }),
  });
}

/** Answers with an error and logs it: our own fault as error, the rest as debug. */
export function answerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply, logger: Logger): void {
  const error = shownError(thrown);
  logError(error, request, logger);
  errorHeaders(error, reply);
  reply
    .code(errorCatalogue[error.code].http)
    .header('content-type', 'application/json; charset=utf-8')
    .send(JSON.stringify(errorBody(error, request.id)));
}

/** The body of an error; of an internal one only how to find it in the log. */
export function errorBody(error: MusterError, requestId: string): ReturnType<MusterError['toJSON']> {
  if (!isInternal(error.code)) return error.toJSON();
  return {
    code: 'internal_error',
    message: `Something happened that should not; the log has it under request ${requestId}`,
    remedy: errorCatalogue.internal_error.remedy,
  };
}

/** What many requests may meet at once for one reason that is said elsewhere: the bound reached, the load, the stop. */
const EXPECTED: ReadonlySet<ErrorCode> = new Set(['overloaded', 'not_ready', 'shutting_down']);

/** One line for an error, with the request it belongs to. */
export function logError(error: MusterError, request: FastifyRequest, logger: Logger): void {
  const line = {
    requestId: request.id,
    method: request.method,
    url: shownValue(request.url),
    code: error.code,
    caller: request.caller?.callerid,
  };
  if (errorCatalogue[error.code].http < 500 || EXPECTED.has(error.code)) logger.debug(line, error.message);
  else if (isInternal(error.code)) logger.error({ ...line, err: error.cause ?? error }, error.message);
  else logger.warn(line, error.message);
}

/** Seconds after which a caller may try again. */
const RETRY_AFTER_SECONDS = 2;

/** Headers that belong to an error: when to try again, that the connection ends, how to prove oneself. */
export function errorHeaders(error: MusterError, reply: FastifyReply): void {
  if (error.code === 'overloaded' || error.code === 'not_ready' || error.code === 'shutting_down') {
    reply.header('retry-after', String(RETRY_AFTER_SECONDS));
  }
  if (error.code === 'shutting_down' || error.code === 'request_timeout' || error.code === 'request_too_large') {
    reply.header('connection', 'close');
  }
  if (error.code === 'token_missing' || error.code === 'token_invalid') reply.header('www-authenticate', 'Bearer');
}
