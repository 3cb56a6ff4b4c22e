/*
 * The columns in process: time to build, load and save; lookups, ranges, facets, regular expressions; memory; and the
 * same lookups while registrations come. Run: node --expose-gc (through a TypeScript loader) bench/columns.bench.ts
 * [--nodes 100000]. The documents stand in a store that keeps them as JSON text outside of the heap.
 */

import { readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EpochSeconds, type JsonObject, type NodeDocument, silentLogger, systemClock } from '../core/index.ts';
import { type ColumnsEngine, createQueryEngine, parseJsonQuery, type Query } from '../query/index.ts';
import type { FeedBatch, FeedEvent, FeedPosition, NodeStore } from '../registry/index.ts';
import { node as fleetNode } from '../test/data/fleet.mjs';

const NODES = Number(process.argv[process.argv.indexOf('--nodes') + 1] || 100_000) || 100_000;
const now = Math.floor(Date.now() / 1000);

function documentOf(i: number, revision = i + 1): NodeDocument {
  const made = fleetNode(i) as unknown as NodeDocument;
  return {
    ...made,
    _id: made.identity,
    format: 1,
    fqdn: made.identity,
    lastseen: (now - (i % 300)) as EpochSeconds,
    firstseen: (now - 90_000 - i) as EpochSeconds,
    changed: (now - 5_000 - (i % 4_000)) as EpochSeconds,
    revision,
    digest: `${made.identity}0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef`.slice(-64),
    interval: 300,
    source: { via: 'stomp', callerid: `node=${made.identity}`, proof: 'key', serializer: 'json' },
    extra: {},
  };
}

/** Documents made when read; events as a benchmark hands them in. */
class FleetStore {
  readonly kind = 'embedded';
  readonly capabilities = { feed: 'push' } as const;
  revision = NODES;
  #queue: FeedBatch[] = [];
  #wake: () => void = () => undefined;

  push(events: readonly FeedEvent[]): FeedPosition {
    const position = String(this.revision) as FeedPosition;
    this.#queue.push({ events, position });
    this.#wake();
    return position;
  }

  async *scan(options: { sliceSize?: number } = {}): AsyncGenerator<readonly NodeDocument[]> {
    const size = options.sliceSize ?? 200;
    for (let i = 0; i < NODES; i += size) {
      yield Array.from({ length: Math.min(size, NODES - i) }, (_, k) => {
        const began = performance.now();
        const made = documentOf(i + k);
        makingMs += performance.now() - began;
        return made;
      });
    }
  }

  async read(identities: readonly string[]): Promise<(NodeDocument | undefined)[]> {
    return identities.map((identity) => documentOf(Number(/\d+/.exec(identity)?.[0])));
  }

  async count(): Promise<number> {
    return NODES;
  }

  async position(): Promise<FeedPosition> {
    return String(this.revision) as FeedPosition;
  }

  comparePositions(a: FeedPosition, b: FeedPosition): number {
    return Number(a) - Number(b);
  }

  async *changes(_from: FeedPosition, signal: AbortSignal): AsyncGenerator<FeedBatch> {
    while (!signal.aborted) {
      const next = this.#queue.shift();
      if (next !== undefined) {
        yield next;
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.onabort = () => resolve();
      });
    }
  }
}

let makingMs = 0;

function memory(): string {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  const anon = /RssAnon:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  return `heap ${mb(heapUsed)}, arrays ${mb(arrayBuffers)}, RssAnon ${mb(Number(anon) * 1024)}, RSS ${mb(rss)}`;
}

let measured: ColumnsEngine | undefined;

async function time(name: string, runs: number, call: (i: number) => Promise<unknown>): Promise<void> {
  measured?.figures();
  for (let i = 0; i < Math.min(5, runs); i++) await call(i);
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const began = performance.now();
    await call(i + 5);
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.floor(share * (times.length - 1))] as number).toFixed(3);
  console.log(
    `${name.padEnd(58)} p50 ${at(0.5).padStart(8)} ms   p99 ${at(0.99).padStart(8)} ms   max ${at(1)} ms   slice ${measured?.figures().longestSliceMs.toFixed(1)}`,
  );
}

const customers = Array.from({ length: 200 }, (_, i) => (i === 0 ? 'acme' : `customer${String(i).padStart(3, '0')}`));
const environments = ['production', 'staging', 'development'];
const classes = ['mysql::master', 'mysql::slave', 'apache', 'php', 'redis', 'haproxy', 'nginx', 'bind'];
const lookups = Array.from({ length: 2_000 }, (_, i) =>
  parseJsonQuery({
    'facts.customer': customers[(i * 7) % 200] as string,
    'facts.environment': environments[i % 3] as string,
    classes: classes[i % 8] as string,
  }),
);
const lookup = (i: number): Query => lookups[i % lookups.length] as Query;

async function measure(engine: ColumnsEngine): Promise<void> {
  measured = engine;
  const ask = (query: Query, first: number) => engine.answer(query, { first });
  const named = async (query: Query) => {
    const { rows } = await ask(query, 1000);
    return rows.map((row) => row.identity);
  };
  await time('3-condition lookup, first round (sets are made)', 1000, (i) => ask(lookup(i), 10));
  await time('3-condition lookup with account', 5000, (i) => ask(lookup(i), 10));
  const ranges = [2, 8, 16, 32, 1].map((n) =>
    parseJsonQuery({ 'facts.processors.count': { $gte: n }, 'facts.os.name': 'Debian' }),
  );
  await time('range on few values and equality, 1,000 names', 100, (i) => named(ranges[i % 5] as Query));
  const wide = [1e6, 5e6, 1e7, 2e7].map((n) => parseJsonQuery({ 'facts.uptime_seconds': { $gt: n, $lt: n * 2 } }));
  await time('range on numbers that all differ, 1,000 names', 100, (i) => named(wide[i % 4] as Query));
  const few = ['^Deb', 'tu$', '(?i)deb[a-z]+', '^(Rocky|Alma)'].map((r) =>
    parseJsonQuery({ 'facts.os.name': { $regex: r } }),
  );
  await time('regex on a fact of few values, 1,000 names', 100, (i) => named(few[i % 4] as Query));
  const all = parseJsonQuery({});
  await time('facet of 3 paths over all', 50, () =>
    engine.facets(all, [['facts', 'os', 'name'], ['facts', 'customer'], ['classes']], 20),
  );
  await time('facet of identity over all', 10, () => engine.facets(all, [['identity']], 20));
  for (const [name, sources] of [
    ['literal', ['^web000005\\.acme\\.net$', '^db000012\\.acme\\.net$']],
    ['prefix', ['^web0000', '^db0001']],
    ['contains', ['acme', '0123']],
    ['general', ['web0+5[0-9]*\\.', '^(db|app)[0-9]+\\.customer0[0-3]', '(?i)ACME\\.net$|x']],
  ] as const) {
    for (const path of ['identity', 'facts.networking.fqdn']) {
      const queries = sources.map((source) => parseJsonQuery({ [path]: { $regex: source } }));
      await time(`regex (${name}) on ${path}, 1,000 names`, 30, (i) => named(queries[i % queries.length] as Query));
    }
  }
  await time('regex (general) on ssh.rsa.key', 10, () =>
    named(parseJsonQuery({ 'facts.ssh.rsa.key': { $regex: 'A[bc]+9x' } })),
  );
  await time('equality on a fact that differs everywhere', 200, (i) =>
    named(parseJsonQuery({ 'facts.macaddress': `02:03:02:93:86:${(i % 90) + 10}` })),
  );
  await time('array of objects: bindings.address', 10, (i) =>
    named(parseJsonQuery({ 'facts.networking.interfaces.eth0.bindings.address': `10.0.0.${i}` })),
  );
  await time('negation: $ne and $nin', 50, (i) =>
    named(
      parseJsonQuery({
        'facts.customer': { $ne: customers[i % 200] as string },
        'facts.role': { $nin: ['db', 'web'] },
      }),
    ),
  );
  const paths = [
    ['facts', 'os', 'name'],
    ['facts', 'ipaddress'],
    ['facts', 'networking', 'ip'],
  ];
  const debian = parseJsonQuery({ 'facts.os.name': 'Debian' });
  await time('1,000 rows with 3 facts', 50, async () => {
    const { rows } = await ask(debian, 1000);
    for (const row of rows) for (const path of paths) row.value(path);
  });
  await time('1,000 rows with all of os', 20, async () => {
    const { rows } = await ask(debian, 1000);
    for (const row of rows) row.value(['facts', 'os']);
  });
}

async function whileRegistering(engine: ColumnsEngine, store: FleetStore, perSecond: number): Promise<void> {
  const { monitorEventLoopDelay } = await import('node:perf_hooks');
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const made = Array.from({ length: 3000 }, (_, k) => documentOf((k * 31) % NODES));
  let sent = 0;
  const began = performance.now();
  delay.enable();
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - began) / 1000) * perSecond) - sent;
    if (due <= 0) return;
    const events: FeedEvent[] = [];
    for (let k = 0; k < due; k++) {
      const node = made[(sent + k) % made.length] as NodeDocument;
      store.revision += 1;
      if (k % 5 === 0) events.push({ kind: 'upsert', node: { ...node, revision: store.revision } });
      else {
        const volatile: JsonObject = {
          load_averages: { '1m': Math.random(), '5m': Math.random(), '15m': Math.random() },
          system_uptime: { days: sent % 300, hours: sent, seconds: sent + k, uptime: `${sent % 300} days` },
          uptime_seconds: sent + k,
          uptime_days: sent % 300,
          memory: {
            system: {
              used: `${(sent + k) % 999} GiB`,
              used_bytes: sent + k,
              available_bytes: sent,
              capacity: `${sent % 100}%`,
            },
          },
          mountpoints: {
            '/': { used_bytes: sent + k },
            '/boot': { used_bytes: sent + k },
            '/var': { used_bytes: sent + k },
          },
        };
        const { identity, lastseen, interval, source } = node;
        events.push({ kind: 'volatile', identity, lastseen, interval, source, revision: store.revision, volatile });
      }
    }
    sent += due;
    store.push(events);
  }, 5);
  let i = 0;
  await time(`3-condition lookup while ${perSecond}/s register`, 4000, async () => {
    await engine.answer(lookup(i++), { first: 10 });
    if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    else await new Promise((resolve) => setImmediate(resolve));
  });
  clearInterval(timer);
  delay.disable();
  const figures = engine.figures();
  console.log(
    `  ${sent} sent, event loop late at most ${(delay.max / 1e6).toFixed(1)} ms (p99 ${(delay.percentile(99) / 1e6).toFixed(1)}), longest slice ${figures.longestSliceMs.toFixed(1)} ms, rereads ${figures.rereads}`,
  );
}

const directory = await mkdtemp(join(tmpdir(), 'muster-columns-'));
const snapshotFile = join(directory, 'columns.snapshot');
const store = new FleetStore();
const options = {
  store: store as unknown as NodeStore,
  logger: silentLogger(),
  clock: systemClock,
  stateRule: { intervalSeconds: 300, expireAfterSeconds: 30 * 86_400 },
  pathsMax: 20_000,
  snapshotFile,
};
console.log(`${NODES} nodes; before: ${memory()}`);
let began = performance.now();
const built = await createQueryEngine(options);
await built.start();
console.log(
  `built in ${((performance.now() - began - makingMs) / 1000).toFixed(2)} s beside making the documents; ${memory()}`,
);
console.log(JSON.stringify(built.figures()));
began = performance.now();
await built.snapshot();
console.log(
  `snapshot written in ${(performance.now() - began).toFixed(0)} ms, ${((await stat(snapshotFile)).size / 1e6).toFixed(0)} MB`,
);
if (!process.argv.includes('--brief')) await measure(built);
if (!process.argv.includes('--brief')) {
  await whileRegistering(built, store, 333);
  await whileRegistering(built, store, 3_000);
  console.log(`after: ${memory()}`);
}
await built.stop();
began = performance.now();
const loaded = await createQueryEngine(options);
await loaded.start();
console.log(`loaded from snapshot in ${(performance.now() - began).toFixed(0)} ms`);
await time('3-condition lookup after the load', 1000, (i) => loaded.answer(lookup(i), { first: 10 }));
await loaded.stop();
await rm(directory, { recursive: true, force: true });
