import {
  asMusterError,
  compileVolatile,
  type ErrorBody,
  isJsonObject,
  type Json,
  type MusterError,
  shownValue,
} from '../../core/index.ts';
import { DigestTable } from './digest-table.ts';
import { openRegistration } from './envelope.ts';
import { type Normalised, normalise } from './normalise.ts';
import { parseJson } from './parse-json.ts';
import { validateRegistration } from './validate.ts';

/*
 * What is done to one message before its sender's rights and the store are asked: decode, verify, validate, normalise.
 * Pure work on bytes, so that it can run on a thread of its own.
 */

/** One message to examine. */
export interface Job {
  readonly bytes: Uint8Array;
  /** Where a sealed message came; undefined for a registration sent plain, whose sender proved itself otherwise. */
  readonly destination: string | undefined;
  /** Unix seconds by the registry's clock. */
  readonly receivedAt: number;
}

/** What a signed message says of its sender, still to be held against the enrolled keys. */
export interface Signed {
  readonly key: string;
  readonly callerid: string;
  readonly msgtime: number;
  readonly sequence: number;
  /** Present where the message itself carried a proof of the join token. */
  readonly join?: string;
  readonly senderid: string;
}

/** A message found good. */
export interface Examined {
  readonly ok: true;
  readonly registration: Normalised;
  readonly signed: Signed | undefined;
  readonly keptAsText: number;
  readonly verifyMicros: number;
}

/** A message refused, and who it claimed to be from, as far as it was read. */
export interface Refused {
  readonly ok: false;
  readonly error: ErrorBody;
}

/** What {@link createExamination} is set up with; plain data, so that it can be handed to a thread. */
export interface ExaminationRules {
  readonly accept: readonly string[];
  /** Patterns of volatile facts, the built-in ones included. */
  readonly volatile: readonly string[];
}

/** Examines one message after the other; never throws for what a message holds. */
export function createExamination(rules: ExaminationRules): (job: Job) => Examined | Refused {
  const volatile = compileVolatile(rules.volatile);
  const digests = new DigestTable();
  return (job) => {
    let claimed: unknown;
    try {
      const opened = open(job, rules);
      claimed = opened.signed?.senderid ?? (isJsonObject(opened.value) ? opened.value.identity : undefined);
      const registration = normalise(validateRegistration(opened.value), volatile, digests);
      const { signed, keptAsText, verifyMicros } = opened;
      return { ok: true, registration, signed, keptAsText, verifyMicros };
    } catch (thrown) {
      return { ok: false, error: bounded(asMusterError(thrown), claimed) };
    }
  };
}

interface Opened {
  readonly value: Json;
  readonly signed: Signed | undefined;
  readonly keptAsText: number;
  readonly verifyMicros: number;
}

function open(job: Job, rules: ExaminationRules): Opened {
  if (job.destination === undefined) return { ...parseJson(job.bytes), signed: undefined, verifyMicros: 0 };
  const { message, key, keptAsText, verifyMicros } = openRegistration(job.bytes, {
    accept: rules.accept,
    destination: job.destination,
    receivedAt: job.receivedAt,
  });
  const { senderid, callerid, msgtime, sequence, join } = message;
  const signed: Signed = { key, senderid, callerid, msgtime, sequence, ...(join === undefined ? {} : { join }) };
  return { value: message.body, signed, keptAsText, verifyMicros };
}

const FIELD_CHARACTERS_MAX = 200;
const MESSAGE_CHARACTERS_MAX = 500;

/** The error as it travels, with the identity as far as it was read; a key of a megabyte is not carried along. */
function bounded(error: MusterError, claimed: unknown): ErrorBody {
  const body = error.toJSON();
  const identity = body.identity ?? (typeof claimed === 'string' ? shownValue(claimed) : undefined);
  return {
    ...body,
    message: body.message.slice(0, MESSAGE_CHARACTERS_MAX),
    ...(body.field === undefined ? {} : { field: body.field.slice(0, FIELD_CHARACTERS_MAX) }),
    ...(identity === undefined ? {} : { identity }),
  };
}
