import type { Examined, Job, Refused, Signed } from './examine.ts';

/*
 * How batches cross to a thread and back: the bytes of all messages in one transferred buffer, small facts about each
 * beside it. What a message holds comes back as JSON text in such a buffer and is read only when somebody asks for it:
 * a registration that changed nothing is never taken apart on the main thread.
 */

/** The first word of a thread: it runs and takes batches. */
export const THREAD_READY = 'ready';

/** A batch on its way to a thread. */
export interface JobBatch {
  readonly id: number;
  readonly bytes: ArrayBuffer;
  /** JSON of {@link PackedJob}s: as text the small facts cross in half the time that cloning objects takes. */
  readonly jobs: string;
}

interface PackedJob {
  /** Where its bytes end in the buffer; they begin where those before end. */
  readonly end: number;
  readonly destination?: string;
  readonly receivedAt: number;
}

/** A batch on its way back. */
export interface ResultBatch {
  readonly id: number;
  readonly bytes: ArrayBuffer;
  /** JSON of refusals and {@link PackedExamined}s. */
  readonly results: string;
}

interface PackedExamined {
  readonly ok: true;
  readonly identity: string;
  readonly fqdn: string;
  readonly interval: number | null;
  readonly digest: string;
  readonly signed?: Signed | undefined;
  readonly keptAsText: number;
  readonly verifyMicros: number;
  /** Ends of the two texts in the buffer; content begins where the one before ended. */
  readonly contentEnd: number;
  readonly volatileEnd: number;
}

/** A result as the main thread has it: its texts still bytes. */
export interface ExaminedInBytes extends Omit<Examined, 'registration'> {
  readonly registration: Omit<Examined['registration'], 'content' | 'volatile'> & {
    readonly content: Uint8Array;
    readonly volatile: Uint8Array;
  };
}

/** Copies the messages into one buffer. */
export function packJobs(id: number, jobs: readonly Job[]): JobBatch {
  const bytes = new Uint8Array(jobs.reduce((sum, job) => sum + job.bytes.length, 0));
  let end = 0;
  const packed = jobs.map((job): PackedJob => {
    bytes.set(job.bytes, end);
    end += job.bytes.length;
    return {
      end,
      receivedAt: job.receivedAt,
      ...(job.destination === undefined ? {} : { destination: job.destination }),
    };
  });
  return { id, bytes: bytes.buffer, jobs: JSON.stringify(packed) };
}

/** The jobs of a batch, their bytes as views. */
export function unpackJobs(batch: JobBatch): readonly Job[] {
  let start = 0;
  return (JSON.parse(batch.jobs) as readonly PackedJob[]).map(({ end, destination, receivedAt }) => {
    const bytes = new Uint8Array(batch.bytes, start, end - start);
    start = end;
    return { bytes, destination, receivedAt };
  });
}

/** Writes the texts of the results into one buffer. */
export function packResults(id: number, results: readonly (Examined | Refused)[]): ResultBatch {
  // A UTF-16 unit takes at most three bytes of UTF-8; the buffer is cut to what was written.
  let room = 0;
  for (const result of results) {
    if (result.ok) room += 3 * (result.registration.content.length + result.registration.volatile.length);
  }
  const buffer = Buffer.allocUnsafeSlow(room);
  let end = 0;
  const packed = results.map((result): Refused | PackedExamined => {
    if (!result.ok) return result;
    const { content, volatile, ...registration } = result.registration;
    end += buffer.write(content, end, 'utf8');
    const contentEnd = end;
    end += buffer.write(volatile, end, 'utf8');
    const { ok, signed, keptAsText, verifyMicros } = result;
    return { ok, ...registration, signed, keptAsText, verifyMicros, contentEnd, volatileEnd: end };
  });
  return { id, bytes: buffer.buffer.slice(0, end) as ArrayBuffer, results: JSON.stringify(packed) };
}

/** The results of a batch, their texts as views. */
export function unpackResults(batch: ResultBatch): readonly (ExaminedInBytes | Refused)[] {
  let start = 0;
  return (JSON.parse(batch.results) as readonly (Refused | PackedExamined)[]).map((packed) => {
    if (!packed.ok) return packed;
    const { ok, signed, keptAsText, verifyMicros, contentEnd, volatileEnd, fqdn, interval, digest } = packed;
    const content = new Uint8Array(batch.bytes, start, contentEnd - start);
    const volatile = new Uint8Array(batch.bytes, contentEnd, volatileEnd - contentEnd);
    start = volatileEnd;
    const identity = packed.identity as Examined['registration']['identity'];
    return {
      ok,
      signed,
      keptAsText,
      verifyMicros,
      registration: { identity, fqdn, interval, digest, content, volatile },
    };
  });
}
