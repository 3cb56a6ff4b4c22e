import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { Registry as PromRegistry } from 'prom-client';
import {
  adminTokenFileOf,
  type Clock,
  type Config,
  dataDirOf,
  durationMs,
  type Identity,
  type Logger,
  storeDirOf,
  volatilePatterns,
} from '../../core/index.ts';
import { buildService, createQueryEngine, listenService, type QueryEngine } from '../../query/index.ts';
import {
  adminRoutes,
  consumeFromBroker,
  createRegistry,
  createTokens,
  ensureAdminToken,
  type NodeStore,
  openEmbeddedStore,
  type Registry,
  registrationRoutes,
  type Tokens,
} from '../../registry/index.ts';
import type { ServeRole } from '../commands/serve.ts';
import { createLocalAgent } from '../node-side/local-agent.ts';
import { openBroker } from './broker.ts';
import { engineMetrics } from './engine-metrics.ts';
import type { Lifetime } from './lifetime.ts';
import { registryOnly } from './registry-only.ts';
import { answeredWhenVisible } from './visible.ts';

/*
 * The one place where the rooms are joined. Each part is opened after what it needs and closed before it: the doors
 * (broker, HTTP) open last and close first, so that a stop finishes what was taken, then writes the snapshot, then closes
 * the store.
 */

/** What a server is started with. */
export interface ServerParts {
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly role: ServeRole;
  readonly withAgent: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where each part that is open notes how it is closed. */
  readonly lifetime: Lifetime;
}

/** A server that runs. */
export interface RunningServer {
  /** `http://127.0.0.1:8420` */
  readonly http: string;
  readonly stomp: { readonly host: string; readonly port: number } | undefined;
  readonly identity: Identity | undefined;
}

/** The pipeline's thread, a bundle beside this one. */
const WORKER_FILE = pathToFileURL(join(import.meta.dirname, 'pipeline-worker.cjs'));

/** Opens every part of a server's role. Errors are those of the parts; what is open by then is in the lifetime. */
export async function startServer(parts: ServerParts): Promise<RunningServer> {
  const { config, env, role, clock, logger, lifetime } = parts;
  const metrics = new PromRegistry();
  const { mapSizeMax } = config.store.embedded;
  const store = await openEmbeddedStore({
    path: storeDirOf(config),
    mapSizeMax,
    logger: logger.child({ part: 'store' }),
  });
  lifetime.add('store', () => store.close());
  const adminToken = await ensureAdminToken(adminTokenFileOf(config, env));
  const tokens = createTokens({ records: store.records, clock, adminToken });
  const { engine, loaded } =
    role === 'registry' ? { engine: registryOnly(), loaded: undefined } : await openEngine(parts, store, metrics);
  const registry = role === 'query' ? undefined : await openRegistry(parts, store, metrics, engine);
  const broker = registry === undefined ? undefined : openBroker({ config, registry, metrics, clock, logger });
  if (registry !== undefined && broker !== undefined) {
    consumeFromBroker(broker, {
      registry,
      collectives: config.collectives,
      logger: logger.child({ part: 'registry' }),
    });
  }
  const service = await buildService({
    engine,
    tokens,
    config,
    logger: logger.child({ part: 'service' }),
    metrics,
    clock,
    plugins: registry === undefined ? [] : writingRoutes(registry, tokens, engine, logger),
    readiness: { store: () => store.position() },
  });
  lifetime.add('service', () => service.close());
  const http = await listenService(service, config);
  const stomp = await broker?.listen();
  if (broker !== undefined) lifetime.add('broker', () => broker.close());
  const identity = parts.withAgent ? await openAgent(parts, stomp) : undefined;
  await loaded;
  return { http, stomp, identity };
}

/** The columns, being loaded: registrations are taken meanwhile, the service answers `not_ready` until `loaded`. */
async function openEngine(
  { config, env, clock, logger, lifetime }: ServerParts,
  store: NodeStore,
  metrics: PromRegistry,
): Promise<{ readonly engine: QueryEngine; readonly loaded: Promise<void> }> {
  const engine = await createQueryEngine({
    store,
    clock,
    logger: logger.child({ part: 'columns' }),
    stateRule: {
      intervalSeconds: durationMs(config.registration.interval, 'registration.interval') / 1000,
      expireAfterSeconds: durationMs(config.registration.expireAfter, 'registration.expireAfter') / 1000,
    },
    pathsMax: config.columns.pathsMax,
    snapshotFile: join(dataDirOf(config, env), 'columns.snapshot'),
    snapshotIntervalMs: durationMs(config.columns.snapshotInterval, 'columns.snapshotInterval'),
    volatile: volatilePatterns(config),
  });
  engineMetrics(metrics, engine);
  lifetime.add('columns', () => engine.stop());
  const loaded = engine.start();
  // It is awaited at the end of the start; should another part fail before, that is what is told.
  loaded.catch(() => {});
  return { engine, loaded };
}

async function openRegistry(
  { config, clock, logger, lifetime }: ServerParts,
  store: NodeStore,
  metrics: PromRegistry,
  engine: QueryEngine,
): Promise<Registry> {
  const registry = await createRegistry({
    store,
    config,
    clock,
    logger: logger.child({ part: 'registry' }),
    metrics,
    workerFile: WORKER_FILE,
    // A receipt says that the next question sees the node, as soon as questions are answered at all.
    visible: (position) => (engine.ready ? engine.waitFor(position) : Promise.resolve()),
  });
  lifetime.add('registry', () => registry.close());
  return registry;
}

function writingRoutes(
  registry: Registry,
  tokens: Tokens,
  engine: QueryEngine,
  logger: Logger,
): readonly FastifyPluginAsync[] {
  const callerOf = (request: FastifyRequest) => request.caller;
  return [
    registrationRoutes({ registry, callerOf }),
    answeredWhenVisible(engine, logger, adminRoutes({ registry, tokens, callerOf })),
  ];
}

async function openAgent(
  { config, env, clock, logger, lifetime }: ServerParts,
  embedded: RunningServer['stomp'],
): Promise<Identity> {
  const local = await createLocalAgent({
    config,
    env,
    clock,
    logger: logger.child({ part: 'agent' }),
    embedded,
    atOnce: true,
  });
  lifetime.add('agent', () => local.stop());
  local.start();
  return local.identity;
}
