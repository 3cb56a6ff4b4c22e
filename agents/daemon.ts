import {
  asMusterError,
  type Clock,
  type Config,
  durationMs,
  type EpochSeconds,
  type ErrorCode,
  epochSeconds,
  errorCatalogue,
  type Identity,
  type Logger,
  type Registration,
  systemClock,
  valueAt,
  volatilePatterns,
} from '../core/index.ts';
import { type BrokerLink, registrationQueue, type SigningKey } from '../wire/index.ts';
import { createClassSource } from './class-source.ts';
import { createDelivery, type DeliveryOutcome } from './delivery.ts';
import type { FactSource, FactSourceFinder } from './facts/fact-source.ts';
import { createGatherer, type FailedSource, type Gathering } from './facts/gather.ts';
import { redactor } from './facts/redact.ts';
import { factSources } from './facts/sources.ts';
import { createMessageOrder } from './message-order.ts';
import { createPause } from './pause.ts';
import { sealRegistration } from './registration-message.ts';

/*
 * The daemon on a node. It registers at start and at every interval: gather, sign, send, and send again until the
 * registry has it on disk. What is slow, broken or away delays or thins a registration and never stops the next one.
 */

/** Waits between attempts to send one registration. */
const RESEND = { firstMs: 1000, mostMs: 60_000 } as const;

/** How long {@link Agent.stop} waits for the receipt of a registration that is on its way. */
const STOP_GRACE_MS = 3000;

/** What {@link createAgent} is made of. */
export interface AgentDeps {
  readonly config: Config;
  /** From resolveIdentity. */
  readonly identity: Identity;
  /** Started and stopped by whoever made it: start it before the agent, stop it after. */
  readonly link: BrokerLink;
  readonly signingKey: SigningKey;
  readonly logger: Logger;
  /** Where the order of messages is kept, mode 0600. */
  readonly stateDir: string;
  /** Names of the agents this node serves. */
  readonly agentlist?: readonly string[];
  /** First line of `security.joinTokenFile`, where there is one. */
  readonly joinToken?: string | undefined;
  /** Where facts come from; Facter, our collector and the files of the configuration where left out. */
  readonly sources?: readonly (FactSource | FactSourceFinder)[];
  readonly clock?: Clock;
  readonly random?: () => number;
  /** True registers at once, without the random part before the first one: for an agent somebody waits for. */
  readonly atOnce?: boolean;
}

/** What has become of one registration. */
export type AgentEvent =
  | { readonly kind: 'gathered'; readonly durationMs: number; readonly failed: readonly FailedSource[] }
  | { readonly kind: 'sent'; readonly attempt: number }
  | { readonly kind: 'unsent'; readonly attempt: number; readonly reason: string; readonly waitMs: number }
  | { readonly kind: 'failed'; readonly reason: string }
  | ({ readonly outcome: DeliveryOutcome } & { readonly kind: 'settled' });

/** How an agent stands, for metrics and tests. */
export interface AgentStatus {
  readonly identity: Identity;
  readonly running: boolean;
  /** Attempts to send, those after the first of a registration, and how registrations ended. */
  readonly counts: Readonly<Record<'sent' | 'resent' | 'receipted' | 'refused' | 'superseded' | 'failed', number>>;
  /** True while a registration waits for its receipt. */
  readonly pending: boolean;
  readonly lastReceipt: EpochSeconds | null;
  /** The code of the last refusal, null once a registration was taken after it. */
  readonly refused: string | null;
  /** Fact sources that failed at the last gathering. */
  readonly failedSources: readonly FailedSource[];
}

/** A running or stopped daemon. */
export interface Agent {
  readonly identity: Identity;
  start(): void;
  /** Registers now, besides the interval's; resolves when that registration has ended. */
  registerNow(): Promise<DeliveryOutcome>;
  status(): AgentStatus;
  /** Gives a function that ends it. */
  onEvent(listener: (event: AgentEvent) => void): () => void;
  /** Stops gathering, kills fact commands, waits a little for a receipt on its way. */
  stop(): Promise<void>;
}

/** Makes the daemon of one node; {@link Agent.start} sets it going. */
export function createAgent(deps: AgentDeps): Agent {
  const { config, identity, link, logger, signingKey } = deps;
  const clock = deps.clock ?? systemClock;
  const random = deps.random ?? Math.random;
  const collective = config.collectives[0] ?? 'mcollective';
  const intervalMs = durationMs(config.registration.interval, 'registration.interval');
  const splayMs = durationMs(config.registration.splay, 'registration.splay');
  const ttlSeconds = Math.ceil(durationMs(config.security.ttl, 'security.ttl') / 1000);

  const gatherer = createGatherer({
    sources: deps.sources ?? factSources(config),
    timeLimitMs: durationMs(config.agent.factTimeout, 'agent.factTimeout'),
    redact: config.facts.redact,
    volatile: volatilePatterns(config),
    logger,
  });
  if (takesHostKeysAway(config.facts.redact)) {
    logger.info('facts.redact takes the public ssh host keys away: no known_hosts can be made of this node');
  }
  const classes = createClassSource(config.agent.classesFiles, logger);
  const order = createMessageOrder(deps.stateDir, clock, logger);
  const listeners = new Set<(event: AgentEvent) => void>();
  const counts = { sent: 0, resent: 0, receipted: 0, refused: 0, superseded: 0, failed: 0 };
  const pause = createPause();
  const stopping = new AbortController();

  let running: Promise<void> | undefined;
  let gatheringNow: Promise<Gathering> | undefined;
  let lastReceipt: EpochSeconds | null = null;
  let refused: string | null = null;
  let failedSources: readonly FailedSource[] = [];
  // Sent until the registry has taken this key, and again whenever it does not know it.
  let enrolling = true;

  const tell = (event: AgentEvent): void => {
    for (const listener of listeners) listener(event);
  };

  const delivery = createDelivery({
    link,
    destination: registrationQueue(collective),
    backOff: RESEND,
    random,
    onSend(attempt) {
      counts.sent += 1;
      if (attempt > 1) counts.resent += 1;
      tell({ kind: 'sent', attempt });
    },
    onUnsent(attempt, thrown, waitMs) {
      const { code, message } = asMusterError(thrown);
      // While the broker is away each attempt fails alike; the link says why once, here it is told at the first.
      logger[attempt === 1 ? 'warn' : 'debug'](
        { code, reason: message, attempt, waitMs },
        'Registration has no receipt yet; it is sent again',
      );
      tell({ kind: 'unsent', attempt, reason: message, waitMs });
    },
  });

  /** One at a time; who comes while one is under way shares it, so that slow sources do not pile up. */
  function gather(): Promise<Gathering> {
    gatheringNow ??= gatherer
      .gather(stopping.signal)
      .then((gathering) => {
        failedSources = gathering.failed;
        tell({ kind: 'gathered', durationMs: gathering.durationMs, failed: gathering.failed });
        return gathering;
      })
      .finally(() => {
        gatheringNow = undefined;
      });
    return gatheringNow;
  }

  async function register(): Promise<DeliveryOutcome> {
    const gathering = await gather();
    if (stopping.signal.aborted) return { kind: 'stopped' };
    const registration: Registration = {
      identity,
      facts: gathering.facts,
      classes: [...(await classes())],
      agentlist: [...(deps.agentlist ?? [])],
      collectives: [...config.collectives],
      interval: intervalMs / 1000,
    };
    const bytes = sealRegistration({
      registration,
      collective,
      order: order.next(),
      ttlSeconds,
      signingKey,
      joinToken: enrolling ? deps.joinToken : undefined,
    });
    const outcome = await delivery.offer(bytes);
    settle(outcome);
    return outcome;
  }

  function settle(outcome: DeliveryOutcome): void {
    if (outcome.kind === 'receipted') {
      counts.receipted += 1;
      if (lastReceipt === null || refused !== null) logger.info('Registered');
      lastReceipt = epochSeconds(clock);
      refused = null;
      enrolling = false;
    } else if (outcome.kind === 'refused') {
      counts.refused += 1;
      if (refused !== outcome.code) logRefusal(outcome.code);
      refused = outcome.code;
      if (outcome.code === 'sender_unknown' || outcome.code === 'sender_pending') enrolling = true;
    } else if (outcome.kind === 'superseded') {
      counts.superseded += 1;
    }
    tell({ kind: 'settled', outcome });
  }

  function logRefusal(code: string): void {
    const known = errorCatalogue[code as ErrorCode] as { meaning: string; remedy: string } | undefined;
    const fields = { code, meaning: known?.meaning, remedy: known?.remedy };
    if (code === 'sender_pending') logger.info(fields, 'The registry holds this node back until it is approved');
    else logger.error(fields, 'The registry refuses the registrations of this node');
  }

  /** A registration that cannot even be made, such as one over its size, is counted and told; the next is tried. */
  async function registerSafely(): Promise<void> {
    try {
      await register();
    } catch (thrown) {
      counts.failed += 1;
      const { code, message } = asMusterError(thrown);
      logger.error({ code, reason: message }, 'No registration could be made');
      tell({ kind: 'failed', reason: message });
    }
  }

  /** Jitter is around the interval, not added to it, so that the fleet keeps its rate. */
  async function run(): Promise<void> {
    if (deps.atOnce !== true) await pause.wait(random() * splayMs);
    while (!stopping.signal.aborted) {
      // Not awaited: while one waits for its receipt the next is gathered, and supersedes it.
      const done = registerSafely();
      await pause.wait(Math.max(0, intervalMs + (random() - 0.5) * Math.min(splayMs, intervalMs)));
      if (stopping.signal.aborted) await done;
    }
  }

  return {
    identity,
    start() {
      if (stopping.signal.aborted) throw new Error('A stopped agent is not started again');
      running ??= run();
    },
    registerNow: register,
    status: () => ({
      identity,
      running: running !== undefined && !stopping.signal.aborted,
      counts: { ...counts },
      pending: delivery.busy,
      lastReceipt,
      refused,
      failedSources,
    }),
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async stop() {
      stopping.abort();
      pause.wake();
      await delivery.stop(STOP_GRACE_MS);
      await running;
    },
  };
}

/** True where a node with an ssh host key would show none. */
function takesHostKeysAway(patterns: readonly string[]): boolean {
  const shown = redactor(patterns)({ ssh: { ed25519: { key: 'AAAA' } } });
  return valueAt(shown, ['ssh', 'ed25519', 'key']) === undefined;
}
