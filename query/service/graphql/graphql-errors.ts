import type { ErrorCode } from '../../../core/index.ts';
import { errorCatalogue, MusterError } from '../../../core/index.ts';
import { errorBody } from '../error-answers.ts';
import { ServiceError } from '../service-error.ts';

/** A GraphQL error as it is sent: `extensions` holds the code of the catalogue and the evidence. */
export interface ShownGraphqlError {
  readonly message: string;
  readonly locations?: readonly { readonly line: number; readonly column: number }[];
  readonly path?: readonly (string | number)[];
  readonly extensions: Readonly<Record<string, unknown>> & { readonly code: ErrorCode };
}

/** What the executor and mercurius hand over: graphql's own errors, with what a resolver threw in `originalError`. */
interface ExecutionError {
  readonly message: string;
  readonly locations?: ShownGraphqlError['locations'] | undefined;
  readonly path?: ShownGraphqlError['path'] | undefined;
  readonly originalError?: unknown;
  readonly errors?: readonly ExecutionError[];
}

/** An error of ours in GraphQL's form. */
export function graphqlError(
  error: MusterError,
  requestId: string,
  at: Pick<ExecutionError, 'locations' | 'path'> = {},
): ShownGraphqlError {
  const { message, ...extensions } = errorBody(error, requestId);
  return {
    message,
    ...(at.locations === undefined ? {} : { locations: at.locations }),
    ...(at.path === undefined ? {} : { path: at.path }),
    extensions,
  };
}

/** The error of ours behind one of the executor's: what a resolver threw, else the document or its variables are wrong. */
export function errorBehind(error: ExecutionError): MusterError {
  const original = deepest(error);
  if (original instanceof MusterError) return original;
  if (original === undefined || isOfGraphql(original)) {
    return new ServiceError('graphql_invalid', error.message, { field: 'query' });
  }
  return new ServiceError('internal_error', (original as Error).message, { cause: original });
}

function deepest(error: ExecutionError): unknown {
  let here: unknown = error.originalError;
  while (here instanceof Error && (here as { originalError?: unknown }).originalError !== undefined) {
    here = (here as { originalError?: unknown }).originalError;
  }
  return here;
}

function isOfGraphql(error: unknown): boolean {
  return error instanceof Error && (error.name === 'GraphQLError' || error.constructor.name === 'GraphQLJITError');
}

/** The single errors inside what mercurius throws for a document that is not valid. */
export function errorsWithin(thrown: unknown): readonly ExecutionError[] | undefined {
  const { errors, code } = thrown as { errors?: unknown; code?: unknown };
  return code === 'MER_ERR_GQL_VALIDATION' && Array.isArray(errors) ? (errors as ExecutionError[]) : undefined;
}

/** The HTTP status of an answer: 200 where there is data, else that of the first error. */
export function statusOf(data: unknown, first: MusterError | undefined): number {
  return data !== null && data !== undefined ? 200 : first === undefined ? 200 : errorCatalogue[first.code].http;
}
