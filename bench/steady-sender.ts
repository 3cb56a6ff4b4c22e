import { fork } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { makeSenders } from './senders.ts';
import { openStomp } from './stomp-load.ts';

/*
 * Nodes that register at a steady rate, in a process of their own: were they in the process of the clients that look
 * up, each would wait for the other and the server would be blamed.
 */

/** The first argument of the process that sends. */
export const STEADY_SENDER = '--steady-sender';

/** What to send. */
export interface SteadyOrder {
  readonly port: number;
  /** So many nodes, those of the fleet from `from` on. */
  readonly senders: number;
  readonly from: number;
  readonly perSecond: number;
  readonly seconds: number;
}

/** What was reached. */
export interface SteadyReport {
  /** Registrations a second, from the first frame to the last receipt. */
  readonly perSecond: number;
  /** The most that were under way at once. */
  readonly unreceiptedMax: number;
}

/** How often frames are written: 30 at 3,000 a second. */
const TICK_MS = 10;
/** Unreceipted frames of the round that makes the nodes known. */
const WINDOW = 500;

/** Starts the process and makes its nodes known; the answer, called, sends and resolves when all have their receipt. */
export async function startSteadySender(order: SteadyOrder): Promise<() => Promise<SteadyReport>> {
  const child = fork(process.argv[1] as string, [STEADY_SENDER, JSON.stringify(order)]);
  const said = async <T>(): Promise<T> => {
    const ended = new AbortController();
    const [message] = await Promise.race([
      once(child, 'message', { signal: ended.signal }),
      once(child, 'exit', { signal: ended.signal }).then(([status]) => {
        throw new Error(`The sending process ended with status ${status}`);
      }),
    ]).finally(() => ended.abort());
    return message as T;
  };
  await said();
  return () => {
    const report = said<SteadyReport>();
    child.send('go');
    return report;
  };
}

/** What the process does: makes its frames, says that it is ready, waits for the word, sends, reports. */
export async function sendSteadily({ port, senders, from, perSecond, seconds }: SteadyOrder): Promise<void> {
  const nodes = makeSenders(senders, from);
  const stomp = await openStomp(port);
  await stomp.sendAll(
    nodes.frames(() => ({ content: 0, moment: 0 })),
    WINDOW,
  );
  const total = perSecond * seconds;
  // Every second registration of a node has another content, the others other volatile facts alone.
  const frames = Array.from({ length: Math.ceil(total / senders) }, (_, round) =>
    nodes.frames((i) => ({ content: Math.floor((round + 1 + (i % 2)) / 2), moment: round + 1 })),
  ).flat();
  globalThis.gc?.();
  process.send?.('ready');
  await once(process, 'message');
  let sent = 0;
  let unreceiptedMax = 0;
  const started = performance.now();
  while (sent < total) {
    await new Promise((done) => setTimeout(done, TICK_MS));
    const due = Math.min(total, Math.floor(((performance.now() - started) / 1000) * perSecond));
    stomp.post(frames.slice(sent, due));
    sent = due;
    unreceiptedMax = Math.max(unreceiptedMax, stomp.unreceipted);
  }
  await stomp.settled();
  const report: SteadyReport = { perSecond: (total * 1000) / (performance.now() - started), unreceiptedMax };
  stomp.close();
  process.send?.(report, () => process.disconnect());
}
