import { type ErrorCode, errorCatalogue } from './error-catalogue.ts';
import type { Json } from './json.ts';

/** The evidence of an error, so that callers and tests need not read prose. Never holds a secret. */
export interface ErrorEvidence {
  /** Path of the field at fault, as the sender would write it: `facts.os.name`, `where.$and[1]`. */
  readonly field?: string;
  /** What came there, shortened by {@link shownValue} where it may be long. */
  readonly value?: Json;
  /** Offset in the text at fault, from 0. */
  readonly offset?: number;
  readonly identity?: string;
  /** What to do about it, a sentence. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/**
 * The base of every error of ours: a stable code of the catalogue, a message that says what was being done, what came
 * and what was expected, and the evidence in fields.
 */
export class MusterError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly value: Json | undefined;
  readonly offset: number | undefined;
  readonly identity: string | undefined;
  readonly remedy: string;

  constructor(code: ErrorCode, message: string, evidence: ErrorEvidence = {}) {
    super(message, evidence.cause === undefined ? undefined : { cause: evidence.cause });
    this.name = new.target.name;
    this.code = code;
    this.field = evidence.field;
    this.value = evidence.value;
    this.offset = evidence.offset;
    this.identity = evidence.identity;
    this.remedy = evidence.remedy ?? errorCatalogue[code].remedy;
  }

  /** The form that travels: in HTTP bodies, GraphQL extensions, dead letters and log lines. */
  toJSON(): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      ...(this.field === undefined ? {} : { field: this.field }),
      ...(this.value === undefined ? {} : { value: this.value }),
      ...(this.offset === undefined ? {} : { offset: this.offset }),
      ...(this.identity === undefined ? {} : { identity: this.identity }),
      remedy: this.remedy,
    };
  }
}

/** An error as it is sent to a caller. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  readonly field?: string;
  readonly value?: Json;
  readonly offset?: number;
  readonly identity?: string;
  readonly remedy: string;
}

/** Errors of core/: configuration, identities, paths, durations. */
export class CoreError extends MusterError {}

/** Anything thrown, as a {@link MusterError}: ours unchanged, everything else wrapped as `internal_error`. */
export function asMusterError(thrown: unknown): MusterError {
  if (isMusterError(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new MusterError('internal_error', message, { cause: thrown });
}

/** True for errors of ours. Each bundle of the build has a class of its own, so that they are known by what they hold. */
function isMusterError(thrown: unknown): thrown is MusterError {
  if (thrown instanceof MusterError) return true;
  if (!(thrown instanceof Error)) return false;
  const { code, remedy, toJSON } = thrown as Partial<MusterError>;
  return typeof remedy === 'string' && typeof toJSON === 'function' && Object.hasOwn(errorCatalogue, code ?? '');
}

const SHOWN_CHARACTERS_MAX = 80;

/** A value shortened for a message or a log line; long texts end in an ellipsis and their full length. */
export function shownValue(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  const clean = text.replace(/[\u0000-\u001f\u007f]/g, '\ufffd');
  return clean.length <= SHOWN_CHARACTERS_MAX
    ? clean
    : `${clean.slice(0, SHOWN_CHARACTERS_MAX)}… (${clean.length} characters)`;
}
