import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { RegistryError } from '../errors.ts';
import {
  type ExaminedInBytes,
  packJobs,
  packResults,
  type ResultBatch,
  THREAD_READY,
  unpackResults,
} from './batch-codec.ts';
import { digestMemory } from './digest-table.ts';
import { createExamination, type ExaminationRules, type Job, type Refused } from './examine.ts';

/** Examines batches of messages, on other threads or on this one. */
export interface Examiner {
  /** Resolves when the threads run; rejects where they cannot, such as for a file that is not there. */
  readonly ready: Promise<void>;
  /** True where another batch would be begun at once. */
  readonly free: boolean;
  /**
   * The results in the order of the jobs.
   * @throws RegistryError `internal_error` where the thread died; the batch may be tried again.
   */
  examine(jobs: readonly Job[]): Promise<readonly (ExaminedInBytes | Refused)[]>;
  close(): Promise<void>;
}

/** Two batches at each thread: one at work, the next one waiting, so that it never idles. */
const BATCHES_PER_THREAD = 2;
const THREADS_MAX = 2;

/** Memory of a thread: far more than the largest batch needs; beyond it the thread ends, not the process. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 64 };

/** How many threads examine. They run at a lower priority, so that queries come first also on two cores. */
export function examiningThreads(): number {
  return Math.min(THREADS_MAX, availableParallelism());
}

/** Examines on threads that run `workerFile`, the bundle of registry/pipeline/worker.ts. */
export function createThreadExaminer(
  workerFile: URL,
  rules: ExaminationRules,
  threads: number = examiningThreads(),
): Examiner {
  const shared = { ...rules, digests: digestMemory() };
  const pool = Array.from({ length: threads }, () => new ExaminingThread(workerFile, shared));
  const idlest = () => pool.reduce((best, one) => (one.load < best.load ? one : best));
  return {
    ready: Promise.all(pool.map((one) => one.ready)).then(() => undefined),
    get free() {
      return idlest().load < BATCHES_PER_THREAD;
    },
    examine: (jobs) => idlest().examine(jobs),
    close: async () => {
      await Promise.all(pool.map((one) => one.close()));
    },
  };
}

/** Examines on this thread: for tests, and for small tools that have no bundle beside them. */
export function createInlineExaminer(rules: ExaminationRules): Examiner {
  const examine = createExamination(rules);
  let load = 0;
  return {
    ready: Promise.resolve(),
    get free() {
      return load < BATCHES_PER_THREAD;
    },
    async examine(jobs) {
      load += 1;
      try {
        await new Promise(setImmediate);
        return unpackResults(packResults(0, jobs.map(examine)));
      } finally {
        load -= 1;
      }
    },
    close: () => Promise.resolve(),
  };
}

interface Pending {
  readonly resolve: (results: readonly (ExaminedInBytes | Refused)[]) => void;
  readonly reject: (error: Error) => void;
}

/** One thread and the batches it owes; a thread that died is started again with the next batch. */
class ExaminingThread {
  readonly #file: URL;
  readonly #rules: ExaminationRules;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #batches = 0;
  readonly ready: Promise<void>;

  constructor(file: URL, rules: ExaminationRules) {
    this.#file = file;
    this.#rules = rules;
    const worker = this.#start();
    this.#worker = worker;
    this.ready = new Promise((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('error', (cause) => reject(threadLost(cause)));
    });
  }

  get load(): number {
    return this.#pending.size;
  }

  examine(jobs: readonly Job[]): Promise<readonly (ExaminedInBytes | Refused)[]> {
    this.#worker ??= this.#start();
    const batch = packJobs(this.#batches++, jobs);
    const results = new Promise<readonly (ExaminedInBytes | Refused)[]>((resolve, reject) => {
      this.#pending.set(batch.id, { resolve, reject });
    });
    this.#worker.ref();
    this.#worker.postMessage(batch, [batch.bytes]);
    return results;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#file, {
      workerData: this.#rules,
      name: 'registry',
      resourceLimits: RESOURCE_LIMITS,
    });
    worker.on('message', (batch: ResultBatch | typeof THREAD_READY) => {
      if (batch === THREAD_READY) {
        this.#letGo(worker);
        return;
      }
      const pending = this.#pending.get(batch.id);
      this.#pending.delete(batch.id);
      this.#letGo(worker);
      pending?.resolve(unpackResults(batch));
    });
    worker.on('error', (cause) => this.#lost(worker, cause));
    worker.on('exit', (code) => this.#lost(worker, new Error(`exit ${code}`)));
    return worker;
  }

  /** A thread that owes nothing keeps no process alive. */
  #letGo(worker: Worker): void {
    if (this.#pending.size === 0) worker.unref();
  }

  #lost(worker: Worker, cause: Error): void {
    if (this.#worker === worker) this.#worker = undefined;
    const owed = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of owed) reject(threadLost(cause));
  }
}

function threadLost(cause: Error): RegistryError {
  return new RegistryError('internal_error', `The thread that examines registrations ended: ${cause.message}`, {
    cause,
  });
}
