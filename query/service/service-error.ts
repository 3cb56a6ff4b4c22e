import { type Config, type ErrorCode, MusterError } from '../../core/index.ts';

/** Errors of the HTTP service: guards, callers, arguments, readiness. */
export class ServiceError extends MusterError {}

/** True where `code` is of the kind whose message may hold what only the operator should read. */
export function isInternal(code: ErrorCode): boolean {
  return code === 'internal_error' || code === 'config_invalid' || code === 'config_unreadable';
}

/** The part of the configuration that the service reads. */
export type ServiceConfig = Pick<Config, 'http'>;
