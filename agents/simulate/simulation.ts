import { setMaxListeners } from 'node:events';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, epochSeconds, type Registration, systemClock } from '../../core/index.ts';
import { type BackOffRule, backOffMs, registrationQueue, type SigningKey } from '../../wire/index.ts';
import type { SendingLink } from '../delivery.ts';
import type { OrderMark } from '../message-order.ts';
import { sealRegistration } from '../registration-message.ts';
import { documentOfRound, type SimulatedDocuments, seededRandom, seedOf } from './simulated-documents.ts';
import { simulatedKey } from './simulated-key.ts';
import type { JournalEntry, SimulationJournal } from './simulation-journal.ts';

/*
 * Many nodes in one process, each with a key of its own, registering as real agents do: signed messages over STOMP, a
 * receipt each, the same bytes again until it comes. A node has one registration on its way at most, as a real one.
 */

/** Registrations on their way at once, over all connections. */
export const SIMULATION_IN_FLIGHT_DEFAULT = 512;

const RESEND: BackOffRule = { firstMs: 100, mostMs: 1000 };
const PROGRESS_MS = 1000;
const TTL_SECONDS_DEFAULT = 86_400;
const PRESIGN_SLICE = 50;
/** Sequences begin at the clock times this, so that a simulation started again within a second is newer all the same. */
const SEQUENCES_PER_MS = 1000;
/** How far the pace may catch up after a standstill, milliseconds of its rate. */
const CATCH_UP_MS = 250;

/** What to simulate. */
export interface SimulationOptions {
  readonly collective: string;
  /** How often each node registers. */
  readonly rounds: number;
  /** Milliseconds from the start of one round to the start of the next; 0 for one right after the other. */
  readonly intervalMs?: number;
  /** Registrations a second, over all nodes; as many as go where left out. */
  readonly ratePerSecond?: number;
  /** Share of nodes, 0 to 1, whose content changes in a round; the others change volatile facts alone. */
  readonly changedFraction?: number;
  /** Seed of keys, of who changes and of volatile values. */
  readonly seed: number;
  readonly ttlSeconds?: number;
  readonly inFlightMax?: number;
  /** Seconds that each node says are between its registrations. */
  readonly nodeIntervalSeconds?: number;
  readonly joinToken?: string;
  /**
   * Signs each round before it sends any of it, so that `sendingPerSecond` measures who takes the registrations and not
   * who makes them.
   */
  readonly presign?: boolean;
}

interface Prepared {
  readonly bytes: Uint8Array;
  readonly entry: JournalEntry;
}

/** What {@link createSimulation} is made of. */
export interface SimulationDeps {
  /** Several, for more speed than one connection gives. Started and stopped by whoever made them. */
  readonly links: readonly SendingLink[];
  readonly documents: SimulatedDocuments;
  readonly options: SimulationOptions;
  readonly journal?: SimulationJournal;
  readonly onProgress?: (counts: SimulationCounts) => void;
  readonly clock?: Clock;
}

/** How far a simulation is. */
export interface SimulationCounts {
  readonly nodes: number;
  /** Rounds begun. */
  readonly round: number;
  /** Registrations handed to a connection, the same one once more each time it is sent again. */
  readonly sent: number;
  readonly resent: number;
  readonly receipted: number;
  readonly refused: number;
  /** Refusals by their code. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly inFlight: number;
  readonly elapsedMs: number;
  /** Receipts a second, from the start. */
  readonly perSecond: number;
  /** Receipts a second of the time in which rounds were sent; 0 until the first is done. */
  readonly sendingPerSecond: number;
}

/** A simulation, run once. */
export interface Simulation {
  /** Resolves when every registration has ended, or after {@link stop}. */
  run(): Promise<SimulationCounts>;
  counts(): SimulationCounts;
  /** Ends it soon: what has no receipt by now is not sent again. */
  stop(): void;
}

/** Makes a {@link Simulation}. */
export function createSimulation(deps: SimulationDeps): Simulation {
  const { links, documents, options, journal } = deps;
  const clock = deps.clock ?? systemClock;
  const inFlightMax = options.inFlightMax ?? SIMULATION_IN_FLIGHT_DEFAULT;
  const destination = registrationQueue(options.collective);
  const keys = new Array<SigningKey | undefined>(documents.count);
  const generations = new Uint32Array(documents.count);
  const tally = { sent: 0, resent: 0, receipted: 0, refused: 0, inFlight: 0, round: 0 };
  const refusals: Record<string, number> = {};
  const random = seededRandom(seedOf(options.seed, 'back-off'));
  const stopping = new AbortController();
  // Each registration that waits listens to it; inFlightMax bounds them.
  setMaxListeners(0, stopping.signal);
  let sequence = clock.nowMs() * SEQUENCES_PER_MS;
  let msgtime = 0;
  let startedAt = 0;
  let endedAt = 0;
  let sendingMs = 0;

  const counts = (): SimulationCounts => {
    const elapsedMs = startedAt === 0 ? 0 : (endedAt || clock.nowMs()) - startedAt;
    return {
      nodes: documents.count,
      ...tally,
      refusals: { ...refusals },
      elapsedMs,
      perSecond: elapsedMs === 0 ? 0 : (tally.receipted * 1000) / elapsedMs,
      sendingPerSecond: sendingMs === 0 ? 0 : (tally.receipted * 1000) / sendingMs,
    };
  };

  function nextOrder(): OrderMark {
    sequence += 1;
    msgtime = Math.max(msgtime, epochSeconds(clock));
    return { msgtime, sequence };
  }

  function changesInRound(i: number, round: number): boolean {
    const fraction = options.changedFraction ?? 0;
    return round > 1 && fraction > 0 && seededRandom(seedOf(options.seed, 'changed', round, i))() < fraction;
  }

  function registrationOf(i: number, round: number): Registration {
    const document = documentOfRound(documents.document(i), round, generations[i] ?? 0, options.seed);
    return options.nodeIntervalSeconds === undefined
      ? document
      : { ...document, interval: options.nodeIntervalSeconds };
  }

  function prepare(i: number, round: number): Prepared {
    if (changesInRound(i, round)) generations[i] = (generations[i] ?? 0) + 1;
    const registration = registrationOf(i, round);
    const { identity } = registration;
    const signingKey = keys[i] ?? simulatedKey(options.seed, identity);
    keys[i] = signingKey;
    const order = nextOrder();
    const bytes = sealRegistration({
      registration,
      collective: options.collective,
      order,
      ttlSeconds: options.ttlSeconds ?? TTL_SECONDS_DEFAULT,
      signingKey,
      joinToken: options.joinToken,
    });
    return { bytes, entry: { identity, ...order, round, generation: generations[i] ?? 0 } };
  }

  async function registerNode(i: number, { bytes, entry }: Prepared): Promise<void> {
    const refused = await deliver(i, bytes);
    if (refused === undefined) return;
    if (refused !== '') {
      tally.refused += 1;
      refusals[refused] = (refusals[refused] ?? 0) + 1;
      return;
    }
    tally.receipted += 1;
    journal?.write(entry);
  }

  /** The code of a refusal, empty for none; undefined where it was stopped before a receipt. */
  async function deliver(i: number, bytes: Uint8Array): Promise<string | undefined> {
    let wasSent = false;
    for (let attempt = 0; !stopping.signal.aborted; attempt++) {
      const link = links[(i + attempt) % links.length] as SendingLink;
      if (link.connected) {
        tally.sent += 1;
        if (wasSent) tally.resent += 1;
        wasSent = true;
        try {
          const { refused } = await link.send(destination, bytes);
          return refused ?? '';
        } catch {
          // The connection broke or no receipt came: the same bytes again, over the next connection.
        }
      }
      await sleep(backOffMs(attempt, RESEND, random));
    }
    return undefined;
  }

  function sleep(ms: number): Promise<void> {
    return delay(ms, undefined, { signal: stopping.signal }).catch(() => undefined);
  }

  /** Waits until the rate allows one more. */
  function createPace(): () => Promise<void> {
    const rate = options.ratePerSecond;
    if (rate === undefined) return async () => undefined;
    const gapMs = 1000 / rate;
    let due = performance.now();
    return async () => {
      due = Math.max(due + gapMs, performance.now() - CATCH_UP_MS);
      const wait = due - performance.now();
      if (wait > 1) await sleep(wait);
    };
  }

  /** A whole round, signed before any of it is sent; connections are served in between. */
  async function presigned(round: number): Promise<readonly Prepared[]> {
    const prepared: Prepared[] = [];
    for (let i = 0; i < documents.count && !stopping.signal.aborted; i++) {
      prepared.push(prepare(i, round));
      if (i % PRESIGN_SLICE === PRESIGN_SLICE - 1) await nextTurn();
    }
    return prepared;
  }

  async function runRound(round: number, pace: () => Promise<void>): Promise<void> {
    tally.round = round;
    const prepared = options.presign === true ? await presigned(round) : undefined;
    const begunAt = performance.now();
    let next = 0;
    let failure: unknown;
    const worker = async (): Promise<void> => {
      while (next < documents.count && !stopping.signal.aborted) {
        const i = next++;
        await pace();
        if (stopping.signal.aborted) return;
        tally.inFlight += 1;
        try {
          await registerNode(i, prepared?.[i] ?? prepare(i, round));
        } catch (thrown) {
          // What cannot even be signed, such as a document over its size, ends the simulation: its input is wrong.
          failure ??= thrown;
          stopping.abort();
        } finally {
          tally.inFlight -= 1;
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(inFlightMax, documents.count) }, worker));
    sendingMs += performance.now() - begunAt;
    if (failure !== undefined) throw failure;
  }

  return {
    counts,
    stop: () => stopping.abort(),
    async run() {
      startedAt = clock.nowMs();
      const pace = createPace();
      const progress = setInterval(() => deps.onProgress?.(counts()), PROGRESS_MS);
      try {
        for (let round = 1; round <= options.rounds && !stopping.signal.aborted; round++) {
          const begunAt = performance.now();
          await runRound(round, pace);
          const rest = (options.intervalMs ?? 0) - (performance.now() - begunAt);
          if (rest > 0 && round < options.rounds && !stopping.signal.aborted) await sleep(rest);
        }
      } finally {
        clearInterval(progress);
        endedAt = clock.nowMs();
      }
      deps.onProgress?.(counts());
      return counts();
    },
  };
}
