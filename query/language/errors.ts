import { MusterError } from '../../core/index.ts';

/** Errors of query/: questions that cannot be read or are not allowed, and answers that cannot be given. */
export class QueryError extends MusterError {}
