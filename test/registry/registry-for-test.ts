import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry as PromRegistry } from 'prom-client';
import { type Config, type Identity, type Json, type Logger, loadConfig, silentLogger } from '../../core/index.ts';
import {
  createRegistry,
  type NodeStore,
  type Origin,
  openEmbeddedStore,
  type Registry,
  type RegistryOptions,
} from '../../registry/index.ts';
import { generateSigningKey, type Message, registrationQueue, type SigningKey, sealMessage } from '../../wire/index.ts';

export const QUEUE = registrationQueue('mcollective');
export const OVER_STOMP: Origin = { via: 'stomp', destination: QUEUE, peer: 'anonymous' };
export const BY_ADMIN: Origin = { via: 'http', caller: { role: 'admin', callerid: 'token=admin' } };

/** A clock that stands until it is moved. */
export class TestClock {
  ms = 1_789_000_000_000;

  nowMs(): number {
    return this.ms;
  }

  get seconds(): number {
    return Math.floor(this.ms / 1000);
  }

  advance(seconds: number): void {
    this.ms += seconds * 1000;
  }
}

/** A registry on an embedded store of its own. */
export interface RegistryUnderTest {
  readonly registry: Registry;
  readonly store: NodeStore;
  readonly clock: TestClock;
  readonly metrics: PromRegistry;
  readonly config: Config;
  /** What was logged at warn or above, parsed. */
  readonly logged: readonly Record<string, unknown>[];
  dispose(): Promise<void>;
}

/** What {@link registryForTest} changes. */
export interface RegistryChanges {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly workerFile?: RegistryOptions['workerFile'];
  readonly visible?: RegistryOptions['visible'];
  /** Put between the registry and the store. */
  readonly wrap?: (store: NodeStore) => NodeStore;
  readonly logger?: Logger;
}

/** Opens a registry; it examines on this thread unless a worker file is given. */
export async function registryForTest(changes: RegistryChanges = {}): Promise<RegistryUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-registry-'));
  const { createLogger } = await import('../../core/index.ts');
  const logged: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void logged.push(JSON.parse(line)) };
  const logger = createLogger({ level: 'warn', destination });
  const store = await openEmbeddedStore({ path: folder, logger: silentLogger() });
  const clock = new TestClock();
  const metrics = new PromRegistry();
  const { config } = loadConfig({ env: {}, flags: { dataDir: folder, ...changes.settings } });
  const registry = await createRegistry({
    store: changes.wrap?.(store) ?? store,
    config,
    clock,
    logger,
    metrics,
    workerFile: changes.workerFile ?? 'inline',
    ...(changes.visible === undefined ? {} : { visible: changes.visible }),
  });
  return {
    registry,
    store,
    clock,
    metrics,
    config,
    logged,
    dispose: async () => {
      await registry.close();
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A node that signs its registrations. */
export class TestNode {
  readonly identity: string;
  readonly key: SigningKey;
  readonly #clock: TestClock;
  #sequence = 0;

  constructor(identity: string, clock: TestClock, key: SigningKey = generateSigningKey()) {
    this.identity = identity;
    this.#clock = clock;
    this.key = key;
  }

  message(body: Record<string, unknown> = {}, changes: Partial<Message> = {}): Message {
    this.#sequence += 1;
    return {
      kind: 'request',
      requestid: this.#sequence.toString(16).padStart(32, '0'),
      senderid: this.identity,
      callerid: `node=${this.identity}`,
      agent: 'registration',
      collective: 'mcollective',
      target: QUEUE,
      filter: { fact: [], cf_class: [], agent: ['registration'], identity: [], compound: [] },
      msgtime: this.#clock.seconds,
      sequence: this.#sequence,
      ttl: 86_400,
      body: { identity: this.identity, facts: {}, ...body } as Json,
      ...changes,
    };
  }

  sealed(body: Record<string, unknown> = {}, changes: Partial<Message> = {}): Uint8Array {
    return sealMessage(this.message(body, changes), this.key);
  }
}

export const identity = (text: string): Identity => text as Identity;

export const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/** An object nested this many levels deep. */
export function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = { a: value };
  return value;
}

/** The value of one metric with these labels; 0 where it was never counted. */
export async function figure(
  metrics: PromRegistry,
  name: string,
  labels: Record<string, string> = {},
): Promise<number> {
  const metric = await metrics.getSingleMetric(name)?.get();
  const fits = (given: Record<string, unknown>) => Object.entries(labels).every(([key, value]) => given[key] === value);
  return (metric?.values ?? []).filter((one) => fits(one.labels)).reduce((sum, one) => sum + one.value, 0);
}
