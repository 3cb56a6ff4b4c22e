import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import {
  codeKeys,
  compileVolatile,
  digestOf,
  type EpochSeconds,
  type JsonObject,
  parseIdentity,
  silentLogger,
  splitVolatile,
  VOLATILE_FACTS,
} from '../core/index.ts';
import { type NodeChange, type NodeStore, openEmbeddedStore } from '../registry/index.ts';
import { node } from '../test/data/fleet.mjs';
import { count, type Figure, ms, tableOf } from './figures.ts';

/*
 * The embedded store alone, without pipeline, signatures and HTTP: what is left for those of the design's figures.
 * Documents are made and normalised outside of the measured time. Run by `npm run bench -- --only store`, or on its own.
 */

const BATCH = 500;
/** Batches under way at once, as consumers of a queue have. */
const CONCURRENT = 2;
const MEASURED_NODES = 20_000;
const READS = 5_000;

const rules = compileVolatile([...VOLATILE_FACTS, 'uptime_seconds', 'uptime_days']);

/** A node of the fleet as a registration; `version` changes its content, `load` its volatile facts. */
function registration(i: number, version: number, load: number): NodeChange {
  const made = node(i) as unknown as { identity: string; facts: JsonObject } & Record<'classes', string[]>;
  const { agentlist, collectives } = made as unknown as { agentlist: string[]; collectives: string[] };
  const sent = { ...made.facts, version, load_averages: { '1m': load, '5m': load, '15m': load } };
  const { facts, volatile } = splitVolatile(codeKeys(sent) as JsonObject, rules);
  const identity = parseIdentity(made.identity);
  const content = { identity, facts, classes: made.classes, agentlist, collectives, extra: {} };
  return {
    kind: 'register',
    registration: { ...content, fqdn: made.identity, volatile, interval: 300, digest: digestOf(content) },
    source: { via: 'stomp', callerid: `node=${identity}`, proof: 'key', serializer: 'json' },
    receivedAt: (1_789_000_000 + version * 300 + load) as EpochSeconds,
    order: { msgtime: 1_789_000_000 + version * 300 + load, sequence: 0 },
  };
}

interface Ingest {
  readonly perSecond: number;
  /** The longest the event loop was kept, milliseconds. */
  readonly blockedMs: number;
}

/** Applies `nodes` registrations in batches, some at once. Making them is not measured. */
async function ingest(store: NodeStore, nodes: number, version: number, load: number, stride = 1): Promise<Ingest> {
  let spent = 0;
  let blockedMs = 0;
  for (let from = 0; from < nodes; from += BATCH * CONCURRENT) {
    const batches = Array.from({ length: CONCURRENT }, (_, b) =>
      Array.from({ length: Math.min(BATCH, nodes - from - b * BATCH) }, (_, i) =>
        registration((from + b * BATCH + i) * stride, version, load),
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, 2));
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const started = performance.now();
    await Promise.all(batches.map((batch) => store.apply(batch)));
    spent += performance.now() - started;
    delay.disable();
    blockedMs = Math.max(blockedMs, delay.max / 1e6);
  }
  return { perSecond: (nodes / spent) * 1000, blockedMs };
}

/** The figures of the embedded store holding so many nodes. */
export async function storeFigures(nodes: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  const say = (name: string, value: string, target = '', met?: boolean): void => {
    const figure = { part: 'store', name: `store alone: ${name}`, nodes, value, target };
    figures.push(met === undefined ? figure : { ...figure, met });
  };
  const path = mkdtempSync(join(tmpdir(), 'muster-store-bench-'));
  const open = () => openEmbeddedStore({ path, logger: silentLogger() });
  let store = await open();
  try {
    const measured = Math.min(nodes, MEASURED_NODES);
    const stride = Math.floor(nodes / measured);
    const rate = ({ perSecond, blockedMs }: Ingest) => `${count(perSecond)}/s, loop kept ${ms(blockedMs)} at most`;
    say('new nodes, durable', rate(await ingest(store, nodes, 1, 1)));
    const changed = await ingest(store, measured, 2, 2, stride);
    say('changed, durable', rate(changed), '>= 8,000/s', changed.perSecond >= 8_000);
    const unchanged = await ingest(store, measured, 2, 3, stride);
    say(
      'unchanged (all volatile facts differ), durable',
      rate(unchanged),
      '>= 25,000/s',
      unchanged.perSecond >= 25_000,
    );

    let started = performance.now();
    await store.close();
    store = await open();
    const position = await store.position();
    say('close and open', ms(performance.now() - started));
    started = performance.now();
    let seen = 0;
    for await (const slice of store.scan()) seen += slice.length;
    const scan = performance.now() - started;
    say(
      `scan of ${count(seen)} documents`,
      ms(scan),
      nodes === 100_000 ? '< 2 s' : '',
      ...(nodes === 100_000 ? [scan < 2000] : []),
    );
    const asked = Array.from({ length: READS }, (_, i) => parseIdentity(node((i * 7919) % nodes).identity as string));
    started = performance.now();
    for (const identity of asked) await store.read([identity]);
    const read = (performance.now() - started) / READS;
    say('read of one', ms(read), '< 50 µs', read < 0.05);
    started = performance.now();
    const abort = new AbortController();
    const zero = `0.${position.split('.')[1]}` as typeof position;
    for await (const batch of store.changes(zero, abort.signal)) {
      if (store.comparePositions(batch.position, position) >= 0) abort.abort();
    }
    say('feed from the beginning', ms(performance.now() - started));
    say('data file', `${count(statSync(join(path, 'nodes.mdb')).size / nodes)} bytes a node`);
  } finally {
    await store.close();
    rmSync(path, { recursive: true, force: true });
  }
  return figures;
}

if (basename(process.argv[1] ?? '').startsWith('store.bench')) {
  const sizes = process.argv.slice(2).map(Number);
  for (const size of sizes.length === 0 ? [10_000, 100_000] : sizes) {
    process.stdout.write(`${tableOf(await storeFigures(size))}\n\n`);
  }
}
