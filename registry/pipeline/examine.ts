import {
  asMusterError,
  compileVolatile,
  type ErrorBody,
  isJsonObject,
  type Json,
  type JsonObject,
  type MusterError,
  shownValue,
} from '../../core/index.ts';
import { DigestTable, type digestMemory } from './digest-table.ts';
import { openRegistration } from './envelope.ts';
import { type Measured, measure } from './measure.ts';
import { type Normalised, normalise } from './normalise.ts';
import { keepLargeNumbers, parseJson, textOf } from './parse-json.ts';
import { type ValidRegistration, validateRegistration } from './validate.ts';

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
  /** Where threads share the digests they know; memory of its own where left out. */
  readonly digests?: ReturnType<typeof digestMemory>;
}

/** Examines one message after the other; never throws for what a message holds. */
export function createExamination(rules: ExaminationRules): (job: Job) => Examined | Refused {
  const volatile = compileVolatile(rules.volatile);
  const digests = new DigestTable(rules.digests);
  return (job) => {
    let claimed: unknown;
    try {
      const opened = open(job, rules);
      claimed = opened.signed?.senderid ?? (isJsonObject(opened.value) ? opened.value.identity : undefined);
      const { registration, measured, keptAsText } = check(opened);
      const { signed, verifyMicros } = opened;
      return {
        ok: true,
        registration: normalise(registration, measured, volatile, digests),
        signed,
        keptAsText,
        verifyMicros,
      };
    } catch (thrown) {
      return { ok: false, error: bounded(asMusterError(thrown), claimed) };
    }
  };
}

interface Opened {
  readonly value: Json;
  readonly signed: Signed | undefined;
  readonly verifyMicros: number;
  /** The same value with numbers that no double holds as strings, and how many they are. */
  readonly exactly: () => { readonly value: Json; readonly count: number };
}

function open(job: Job, rules: ExaminationRules): Opened {
  const { bytes, destination, receivedAt } = job;
  if (destination === undefined) {
    const exactly = () => readExactly(bytes, (whole) => whole);
    return { value: parseJson(bytes), signed: undefined, verifyMicros: 0, exactly };
  }
  const opened = openRegistration(bytes, { accept: rules.accept, destination, receivedAt });
  const { senderid, callerid, msgtime, sequence, join, body } = opened.message;
  const { key, verifyMicros } = opened;
  const signed: Signed = { key, senderid, callerid, msgtime, sequence, ...(join === undefined ? {} : { join }) };
  // The envelope's own numbers were checked as numbers, and stay so.
  const exactly = () => readExactly(opened.bytes, (whole) => (whole as JsonObject).body as Json);
  return { value: body, signed, verifyMicros, exactly };
}

function readExactly(bytes: Uint8Array, part: (whole: Json) => Json): { readonly value: Json; readonly count: number } {
  const { text, count } = keepLargeNumbers(textOf(bytes));
  return { value: part(JSON.parse(text) as Json), count };
}

interface Checked {
  readonly registration: ValidRegistration;
  readonly measured: Measured;
  readonly keptAsText: number;
}

function check(opened: Opened): Checked {
  const registration = validateRegistration(opened.value);
  const measured = measure(registration);
  if (!measured.largeNumbers) return { registration, measured, keptAsText: 0 };
  const exact = opened.exactly();
  return { registration: validateRegistration(exact.value), measured, keptAsText: exact.count };
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
