import { readFile } from 'node:fs/promises';
import type { Registry as PromRegistry } from 'prom-client';
import {
  type Clock,
  type Config,
  type Identity,
  isJsonObject,
  type Logger,
  parseIdentity,
  volatilePatterns,
} from '../core/index.ts';
import { bytesOf, createDeadLetters, type DeadLetter, type DeadLetters } from './dead-letters.ts';
import { type Enrolment, enrolmentModeOf } from './enrolment/contract.ts';
import { createEnrolment } from './enrolment/enrolment.ts';
import { RegistryError } from './errors.ts';
import { createNodeAdmin, type NodeAdmin } from './node-admin.ts';
import type { FeedPosition, NodeStore } from './node-store.ts';
import type { Origin } from './origin.ts';
import { createInlineExaminer, createThreadExaminer, type Examiner } from './pipeline/examiner.ts';
import { createRegistryMetrics } from './pipeline/metrics.ts';
import type { Outcome } from './pipeline/outcome.ts';
import { parseJson } from './pipeline/parse-json.ts';
import { Pipeline } from './pipeline/pipeline.ts';
import { RefusalLog } from './pipeline/refusal-log.ts';

/** How metadata gets in: everything the consumers and the admin routes need. */
export interface Registry {
  /**
   * Takes one message: sealed where it came over STOMP, a registration's JSON over HTTP. Resolves when it is durable or
   * refused for good; the bytes must not change meanwhile. Where they are only the beginning of a message too large to
   * hold, `size` says how many it had.
   * @throws RegistryError `overloaded`, `shutting_down`; StoreError. Nothing was decided: it is to be sent again.
   */
  submit(bytes: Uint8Array, origin: Origin, size?: number): Promise<Outcome>;
  /** True where the queue takes another message. */
  readonly hasRoom: boolean;
  /** Resolves when it does. */
  room(): Promise<void>;
  /**
   * Runs a dead letter through the pipeline again, times judged by when it was received. One that goes in is removed.
   * @throws RegistryError `deadletter_unknown`, `message_truncated` where only its beginning was kept.
   */
  replay(id: string): Promise<Outcome>;
  readonly enrolment: Enrolment;
  readonly deadLetters: DeadLetters;
  readonly nodes: NodeAdmin;
  /** Takes no more, answers what was taken, stops the threads. The store stays open. */
  close(): Promise<void>;
}

/** What {@link createRegistry} is made of. */
export interface RegistryOptions {
  readonly store: NodeStore;
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where the registry's figures are registered. */
  readonly metrics: PromRegistry;
  /** The bundle of registry/pipeline/worker.ts; `inline` examines on this thread, for tests and small tools. */
  readonly workerFile: URL | 'inline';
  /** Resolves when queries see every write up to a position: answers wait for it, so that their senders read their writes. */
  readonly visible?: (position: FeedPosition) => Promise<void>;
}

/**
 * Starts a registry on a store.
 * @throws RegistryError `config_invalid`, `key_unreadable` (the join token), `internal_error` (the thread cannot start).
 */
export async function createRegistry(options: RegistryOptions): Promise<Registry> {
  const { store, config, clock, logger } = options;
  const { records } = store;
  const enrolment = createEnrolment({
    records,
    mode: enrolmentModeOf(config),
    joinToken: await readJoinToken(config),
    clock,
    logger,
  });
  const deadLetters = await createDeadLetters({ records, clock, countMax: config.registration.deadLettersMax });
  const examiner = await startExaminer(options);
  const refusalLog = new RefusalLog(logger, clock);
  const metrics = createRegistryMetrics(options.metrics, {
    queued: () => pipeline.queued,
    queuedBytes: () => pipeline.queuedBytes,
    deadLetters: () => deadLetters.counts,
  });
  const pipeline = new Pipeline({
    store,
    examiner,
    enrolment,
    deadLetters,
    metrics,
    refusalLog,
    clock,
    logger,
    visible: options.visible,
  });
  return {
    submit: (bytes, origin, size) => pipeline.submit(bytes, origin, { size }),
    get hasRoom() {
      return pipeline.hasRoom;
    },
    room: () => pipeline.room(),
    replay: (id) => replay(id, { store, deadLetters, pipeline }),
    enrolment,
    deadLetters,
    nodes: createNodeAdmin({ store, enrolment, clock }),
    async close() {
      await pipeline.close();
      await deadLetters.idle();
      refusalLog.flush();
      await examiner.close();
    },
  };
}

async function startExaminer({ config, workerFile }: RegistryOptions): Promise<Examiner> {
  const rules = { accept: config.security.accept, volatile: volatilePatterns(config) };
  if (workerFile === 'inline') return createInlineExaminer(rules);
  const examiner = createThreadExaminer(workerFile, rules);
  try {
    await examiner.ready;
  } catch (cause) {
    await examiner.close();
    throw cause;
  }
  return examiner;
}

/** The first line of `security.joinTokenFile`; undefined where none is set. */
async function readJoinToken(config: Config): Promise<string | undefined> {
  const file = config.security.joinTokenFile;
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new RegistryError(
      'key_unreadable',
      `The join token file ${file} cannot be read: ${(cause as Error).message}`,
      {
        field: 'security.joinTokenFile',
        cause,
      },
    );
  }
  const token = text.split('\n', 1)[0]?.trim() ?? '';
  if (token !== '') return token;
  throw new RegistryError('key_unreadable', `The first line of the join token file ${file} is empty`, {
    field: 'security.joinTokenFile',
  });
}

interface ReplayParts {
  readonly store: NodeStore;
  readonly deadLetters: DeadLetters;
  readonly pipeline: Pipeline;
}

async function replay(id: string, { store, deadLetters, pipeline }: ReplayParts): Promise<Outcome> {
  const letter = await deadLetters.get(id);
  if (letter === undefined) {
    throw new RegistryError('deadletter_unknown', `There is no dead letter ${id}`, { field: 'id', value: id });
  }
  const bytes = bytesOf(letter);
  await refuseOutdated(letter, bytes, store);
  const outcome = await pipeline.submit(bytes, letter.origin, { receivedAtMs: letter.receivedAt, replay: true });
  if (outcome.kind === 'taken') await deadLetters.remove(id);
  else await deadLetters.refusedAgain(letter, outcome.error.toJSON());
  return outcome;
}

/**
 * What came by token has no order of its own: it is held against the time of the node's newest word instead, so that an
 * old letter does not overwrite what the node has said since.
 * @throws RegistryError `message_replayed`.
 */
async function refuseOutdated(letter: DeadLetter, bytes: Uint8Array, store: NodeStore): Promise<void> {
  if (letter.origin.via !== 'http') return;
  const identity = claimedIdentity(bytes);
  const node = identity === undefined ? undefined : (await store.read([identity]))[0];
  if (node === undefined || node.lastseen * 1000 <= letter.receivedAt) return;
  throw new RegistryError(
    'message_replayed',
    `${node.identity} has registered since the dead letter ${letter.id} came`,
    {
      identity: node.identity,
      remedy: 'Nothing: what the store holds is newer. Delete the letter',
    },
  );
}

function claimedIdentity(bytes: Uint8Array): Identity | undefined {
  try {
    const value = parseJson(bytes);
    return isJsonObject(value) ? parseIdentity(value.identity) : undefined;
  } catch {
    // The pipeline says what is wrong with it.
    return undefined;
  }
}
