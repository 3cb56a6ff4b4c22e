import { type ErrorCode, type ErrorEvidence, errorCatalogue, type Json, MusterError } from '../core/index.ts';

/** Errors of asking the service: what it answered (its code), or that it did not (`service_unreachable`, `service_timeout`). */
export class ClientError extends MusterError {
  /** The whole body of the answer, where one came: an import's report stands beside its error. */
  readonly answer: Json | undefined;

  constructor(code: ErrorCode, message: string, evidence: ErrorEvidence = {}, answer?: Json) {
    super(code, message, evidence);
    this.answer = answer;
  }
}

/** The error in a body that the service sent, or that what answers at `url` is no Muster. */
export function errorOfAnswer(status: number, body: unknown, url: string): ClientError {
  const sent = sentError(body);
  if (typeof sent?.code === 'string' && Object.hasOwn(errorCatalogue, sent.code)) {
    return errorOfBody(sent as { code: ErrorCode }, body as Json);
  }
  return new ClientError('service_unreachable', `What answers at ${url} is not Muster: HTTP status ${status}`, {
    value: url,
    remedy: 'Check client.url',
  });
}

/** The error body in an answer: the answer itself, or GraphQL's form of it. */
function sentError(body: unknown): { readonly code?: unknown; readonly message?: unknown } | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const first = (body as { errors?: readonly { message?: unknown; extensions?: object }[] }).errors?.[0];
  return first === undefined ? body : { message: first.message, ...first.extensions };
}

/** An error body as an error again, with its evidence. */
export function errorOfBody(
  body: { readonly code: ErrorCode; readonly [key: string]: unknown },
  answer?: Json,
): ClientError {
  const { code, message, field, value, offset, identity, remedy } = body;
  const evidence = {
    ...(typeof field === 'string' ? { field } : {}),
    ...(value === undefined ? {} : { value: value as Json }),
    ...(typeof offset === 'number' ? { offset } : {}),
    ...(typeof identity === 'string' ? { identity } : {}),
    ...(typeof remedy === 'string' ? { remedy } : {}),
  };
  return new ClientError(code, typeof message === 'string' ? message : errorCatalogue[code].meaning, evidence, answer);
}

/** The service could not be reached at all. */
export function unreachable(url: string, cause: NodeJS.ErrnoException): ClientError {
  const why = cause.code === 'ECONNREFUSED' ? 'nothing listens there' : cause.message;
  return new ClientError('service_unreachable', `Cannot reach the service at ${url}: ${why}`, { value: url, cause });
}

/** The service took too long. */
export function timedOut(url: string, timeoutMs: number): ClientError {
  return new ClientError('service_timeout', `The service at ${url} did not answer within ${timeoutMs} ms`, {
    value: url,
  });
}
