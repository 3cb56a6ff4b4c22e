import { type ErrorBody, type ErrorCode, MusterError } from '../core/index.ts';

/** Errors of the ways in: what a registration, a token or an operator's wish was refused for. */
export class RegistryError extends MusterError {
  /** An error that crossed a thread or was kept, from its travelling form. */
  static fromBody(body: ErrorBody): RegistryError {
    const { code, message, ...evidence } = body;
    return new RegistryError(code as ErrorCode, message, evidence);
  }
}
