import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { type JobBatch, packResults, THREAD_READY, unpackJobs } from './batch-codec.ts';
import { createExamination, type ExaminationRules } from './examine.ts';

/*
 * Entry of the examining thread: takes batches, examines, gives the results back. Bundled on its own.
 */

/** Nicer than the thread that answers queries: a burst of registrations waits, a query does not. */
const NICENESS = 5;

const port = parentPort;
if (port === null) throw new Error('registry-worker runs as a worker thread of muster serve');

beNice();
const examine = createExamination(workerData as ExaminationRules);
port.on('message', (batch: JobBatch) => {
  const results = packResults(batch.id, unpackJobs(batch).map(examine));
  port.postMessage(results, [results.bytes]);
});
port.postMessage(THREAD_READY);

/** On Linux a priority is a thread's own. Elsewhere, and where it is forbidden, all threads stay alike. */
function beNice(): void {
  try {
    const thread = readlinkSync('/proc/thread-self').split('/').at(-1);
    setPriority(Number(thread), NICENESS);
  } catch {
    // No /proc, or a sandbox: nothing depends on it.
  }
}
