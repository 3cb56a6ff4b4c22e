import { parentPort, workerData } from 'node:worker_threads';
import { type JobBatch, packResults, THREAD_READY, unpackJobs } from './batch-codec.ts';
import { createExamination, type ExaminationRules } from './examine.ts';

/*
 * Entry of the examining thread: takes batches, examines, gives the results back. Bundled on its own.
 */

const port = parentPort;
if (port === null) throw new Error('registry-worker runs as a worker thread of muster serve');

const examine = createExamination(workerData as ExaminationRules);
port.on('message', (batch: JobBatch) => {
  const results = packResults(batch.id, unpackJobs(batch).map(examine));
  port.postMessage(results, [results.bytes]);
});
port.postMessage(THREAD_READY);
