import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import {
  type Caller,
  type Clock,
  codeKeys,
  compileVolatile,
  digestOf,
  type EpochSeconds,
  type JsonObject,
  parseIdentity,
  silentLogger,
  splitVolatile,
  type TokenVerifier,
  VOLATILE_FACTS,
} from '../../../core/index.ts';
import { buildService, createQueryEngine, type QueryEngine, type ServiceParts } from '../../../query/index.ts';
import { type ApplyResult, type NodeChange, type NodeStore, openEmbeddedStore } from '../../../registry/index.ts';
import { node } from '../../data/fleet.mjs';

/** Unix seconds of the tests' clock. */
export const NOW = 1_789_000_000;
export const clock: Clock = { nowMs: () => NOW * 1000 };
/** Nodes in the store of the tests: so many that the seed's query has its host among them. */
export const FLEET = 600;
/** What they registered, made once: whether a node is a master depends on those made before it. */
export const fleet = Array.from({ length: FLEET }, (_, i) => node(i));
/** The next nodes of the fleet. */
export const moreNodes = Array.from({ length: 40 }, (_, i) => node(FLEET + i));

const TOKENS: Readonly<Record<string, Caller>> = {
  'read-token': { role: 'read', callerid: 'token=reader' },
  'register-token': { role: 'register', callerid: 'token=web', identityPattern: 'web*' },
  'admin-token': { role: 'admin', callerid: 'token=admin' },
};
const tokens: TokenVerifier = { verify: async (token) => TOKENS[token] };

/** The configuration of the tests' service, http keys over it. */
export const config = (http: Partial<ServiceParts['config']['http']> = {}) => ({
  http: { listen: '127.0.0.1:0', hosts: ['muster.example.net'], bodyTimeout: '30s', ...http },
});

const volatile = compileVolatile(VOLATILE_FACTS);

/** A registration as the pipeline would hand it to the store, received a minute ago. */
export function registrationOf(sent: ReturnType<typeof node>): NodeChange {
  return registrationAged(sent, 60);
}

function registrationAged(sent: ReturnType<typeof node>, age: number, interval: number | null = null): NodeChange {
  const { facts, volatile: moving } = splitVolatile(codeKeys(sent.facts) as JsonObject, volatile);
  const { classes, agentlist, collectives } = sent;
  const content = { identity: sent.identity, facts, classes, agentlist, collectives, extra: {} };
  return {
    kind: 'register',
    registration: {
      identity: parseIdentity(sent.identity),
      fqdn: sent.identity,
      facts,
      volatile: moving,
      classes,
      agentlist,
      collectives,
      interval,
      extra: {},
      digest: digestOf(content),
    },
    source: { via: 'http', callerid: 'token=admin', proof: 'token', serializer: 'json' },
    receivedAt: (NOW - age) as EpochSeconds,
  };
}

/** Registrations applied at once. */
const BATCH = 1000;

/** A store in a folder of its own with the first FLEET nodes of the fleet, and the engine over it. */
export interface Fleet {
  readonly store: NodeStore;
  readonly engine: QueryEngine;
  /** Applies changes and waits until questions see them. */
  apply(changes: readonly NodeChange[]): Promise<ApplyResult>;
  close(): Promise<void>;
}

/** Starts a store and an engine over `nodes`. */
export async function startFleet(nodes: readonly ReturnType<typeof node>[] = fleet): Promise<Fleet> {
  const path = await mkdtemp(join(tmpdir(), 'muster-service-'));
  const store = await openEmbeddedStore({ path, logger: silentLogger(), mapSizeMax: 1 });
  for (let from = 0; from < nodes.length; from += BATCH) {
    await store.apply(nodes.slice(from, from + BATCH).map(registrationOf));
  }
  const engine = await createQueryEngine({
    store,
    logger: silentLogger(),
    clock,
    stateRule: { intervalSeconds: 300, expireAfterSeconds: 30 * 86_400 },
    pathsMax: 20_000,
  });
  await engine.start();
  return {
    store,
    engine,
    apply: async (changes) => {
      const result = await store.apply(changes);
      await engine.waitFor(result.position);
      return result;
    },
    close: async () => {
      await engine.stop();
      await store.close();
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** Of {@link moreNodes}, one a state: seconds since each registered. The last is retired besides. */
export const SILENCES = { late: 1200, missing: 40 * 86_400, retired: 50 * 86_400 } as const;

/** Adds a late, a missing and a retired node to a fleet and gives their identities. */
export async function addSilentNodes(to: Fleet): Promise<Readonly<Record<keyof typeof SILENCES, string>>> {
  type Sent = ReturnType<typeof node>;
  const [late, missing, retired] = moreNodes as [Sent, Sent, Sent];
  await to.apply([
    registrationAged(late, SILENCES.late),
    registrationAged(missing, SILENCES.missing, 1800),
    registrationAged(retired, SILENCES.retired),
  ]);
  await to.apply([{ kind: 'retire', identity: parseIdentity(retired.identity), at: (NOW - 30) as EpochSeconds }]);
  return { late: late.identity, missing: missing.identity, retired: retired.identity };
}

/** An engine that counts how often documents were read from the store. */
export type WatchedEngine = QueryEngine & { reads: number };

export function watched(engine: QueryEngine): WatchedEngine {
  const watching: WatchedEngine = {
    reads: 0,
    answer: (query, options) => engine.answer(query, options),
    facets: (query, paths, limit) => engine.facets(query, paths, limit),
    row: (identity) => engine.row(identity),
    documents: (identities) => {
      watching.reads += 1;
      return engine.documents(identities);
    },
    waitFor: (position) => engine.waitFor(position),
    get ready() {
      return engine.ready;
    },
  };
  return watching;
}

/** A service over `engine`; whatever else it is made of may be given. */
export function serviceOver(engine: QueryEngine, over: Partial<ServiceParts> = {}): Promise<FastifyInstance> {
  return buildService({
    engine,
    tokens,
    config: config(),
    logger: silentLogger(),
    metrics: new Registry(),
    clock,
    ...over,
  });
}

/** A service over a fleet of its own, closed with it. */
export async function testService(over: Partial<ServiceParts> = {}): Promise<FastifyInstance> {
  const fleet = await startFleet();
  const app = await serviceOver(fleet.engine, over);
  app.addHook('onClose', () => fleet.close());
  return app;
}
