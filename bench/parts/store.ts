import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import {
  codeKeys,
  compileVolatile,
  digestOf,
  type EpochSeconds,
  type Identity,
  type JsonObject,
  parseIdentity,
  silentLogger,
  splitVolatile,
  VOLATILE_FACTS,
} from '../../core/index.ts';
import { type NodeChange, type NodeStore, openEmbeddedStore } from '../../registry/index.ts';
import { below, count, type Figure, ms, reaching } from '../figures.ts';
import { atRound, type Fleet, type FleetDocument, type Round } from '../fleet.ts';
import { medianOfRounds, ROUNDS } from '../rounds.ts';

const BATCH = 500;
/** Batches under way at once, as consumers of a queue have. */
const CONCURRENT = 2;
const MEASURED_NODES = 20_000;
const READS = 5000;
const READ_MS = 0.05;
/** The first registration of the made-up nodes, unix seconds. */
const FIRST_REGISTERED = 1_789_000_000;

const rules = compileVolatile(VOLATILE_FACTS);

/** The embedded store alone, without pipeline, signatures and HTTP: what it leaves for those of the ingest figures. */
export async function store(nodes: number, fleet: Fleet): Promise<Figure[]> {
  const path = mkdtempSync(join(tmpdir(), 'muster-store-bench-'));
  const open = () => openEmbeddedStore({ path, logger: silentLogger() });
  let opened = await open();
  try {
    const figures = await writes(opened, nodes, fleet);
    const started = performance.now();
    await opened.close();
    opened = await open();
    figures.push({ name: 'store alone: close and open', value: ms(performance.now() - started) });
    figures.push(...(await reads(opened, nodes)));
    const bytes = statSync(join(path, 'nodes.mdb')).size / nodes;
    return [...figures, { name: 'store alone: file on disk', value: `${count(bytes)} bytes a node` }];
  } finally {
    await opened.close();
    rmSync(path, { recursive: true, force: true });
  }
}

async function writes(opened: NodeStore, nodes: number, fleet: Fleet): Promise<Figure[]> {
  const measured = Math.min(nodes, MEASURED_NODES);
  let keptMs = 0;
  const rate = async (some: number, round: Round) => {
    const { perSecond, blockedMs } = await apply(opened, fleet.documents(some), round);
    keptMs = Math.max(keptMs, blockedMs);
    return perSecond;
  };
  const inserted = await rate(nodes, { content: 0, moment: 0 });
  const changed = await medianOfRounds(1, (round) => rate(measured, { content: round, moment: round }));
  const unchanged = await medianOfRounds(1 + ROUNDS, (round) => rate(measured, { content: ROUNDS, moment: round }));
  return [
    { name: 'store alone: new nodes, durable', value: `${count(inserted)}/s` },
    reaching(`store alone: changed, durable, median of ${ROUNDS}`, changed, 8000),
    reaching(`store alone: unchanged, durable, median of ${ROUNDS}`, unchanged, 25_000),
    { name: 'store alone: event loop kept while writing, at most', value: ms(keptMs) },
  ];
}

async function reads(opened: NodeStore, nodes: number): Promise<Figure[]> {
  let started = performance.now();
  const stored: Identity[] = [];
  for await (const slice of opened.scan()) for (const { identity } of slice) stored.push(identity);
  const scan = performance.now() - started;
  if (stored.length !== nodes) throw new Error(`${stored.length} of ${nodes} nodes are stored`);
  const asked = Array.from({ length: READS }, (_, i) => stored[(i * 7919) % nodes] as Identity);
  started = performance.now();
  for (const identity of asked) await opened.read([identity]);
  const read = (performance.now() - started) / READS;
  return [
    { name: 'store alone: scan of all documents', value: ms(scan) },
    below('store alone: read of one document, mean', read, READ_MS),
  ];
}

/** Applies a round of registrations in batches, some at once. Making and normalising them is not measured. */
async function apply(
  opened: NodeStore,
  documents: Iterable<FleetDocument>,
  round: Round,
): Promise<{ readonly perSecond: number; readonly blockedMs: number }> {
  let [applied, spent, blockedMs] = [0, 0, 0];
  const flush = async (changes: readonly NodeChange[]) => {
    const batches = Array.from({ length: CONCURRENT }, (_, b) => changes.slice(b * BATCH, (b + 1) * BATCH));
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const started = performance.now();
    await Promise.all(batches.map((batch) => opened.apply(batch)));
    spent += performance.now() - started;
    delay.disable();
    blockedMs = Math.max(blockedMs, delay.max / 1e6);
    applied += changes.length;
  };
  let changes: NodeChange[] = [];
  let i = 0;
  for (const document of documents) {
    changes.push(registrationOf(atRound(document, i++, round), round));
    if (changes.length < BATCH * CONCURRENT) continue;
    await flush(changes);
    changes = [];
  }
  if (changes.length > 0) await flush(changes);
  return { perSecond: (applied / spent) * 1000, blockedMs };
}

/** A registration as the pipeline hands it to the store. */
function registrationOf(document: FleetDocument, { moment }: Round): NodeChange {
  const { facts, volatile } = splitVolatile(codeKeys(document.facts) as JsonObject, rules);
  const identity = parseIdentity(document.identity);
  const { classes, agentlist, collectives } = document;
  const content = { identity, facts, classes, agentlist, collectives, extra: {} };
  const sentAt = FIRST_REGISTERED + moment * 300;
  return {
    kind: 'register',
    registration: { ...content, fqdn: document.identity, volatile, interval: 300, digest: digestOf(content) },
    source: { via: 'stomp', callerid: `node=${identity}`, proof: 'key', serializer: 'json' },
    receivedAt: sentAt as EpochSeconds,
    order: { msgtime: sentAt, sequence: 0 },
  };
}
