import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from 'prom-client';
import type { QueryEngine } from '../answers.ts';
import type { ColumnsEngine, EngineFigures } from '../columns/index.ts';
import { EVERY_NODE } from './questions.ts';

/** Seconds; fine where lookups are, coarse beyond. */
const DURATION_BUCKETS = [0.0005, 0.001, 0.002, 0.004, 0.008, 0.015, 0.03, 0.06, 0.125, 0.25, 0.5, 1, 2.5, 5, 10];

/** What questions are counted by: where they were asked. */
export type Surface = 'rest' | 'graphql';

/** What the service counts. */
export interface ServiceMetrics {
  /** Counts one answered question and how long the engine took, seconds. */
  question(surface: Surface, kind: 'nodes' | 'facets' | 'node', seconds: number): void;
  /** Counts a question found among the parsed ones, or not. */
  parsed(hit: boolean): void;
}

/** An engine, and what it shows of itself where it does. */
export type MeasuredEngine = QueryEngine & Partial<Pick<ColumnsEngine, 'figures'>>;

/** Makes the service's figures, Node's own and the engine's in `registry`, and GET /metrics. */
export function addMetrics(app: FastifyInstance, registry: Registry, engine: MeasuredEngine): ServiceMetrics {
  collectDefaultMetrics({ register: registry, prefix: 'muster_' });
  countRequests(app, registry);
  gaugeEngine(registry, engine);
  app.get('/metrics', { config: { role: 'read' } }, async (_request, reply) => {
    const text = await registry.metrics();
    return reply.header('content-type', registry.contentType).send(text);
  });
  const seconds = new Histogram({
    name: 'muster_question_seconds',
    help: 'Time the columns took to answer a question, its rows not yet written out',
    labelNames: ['surface', 'kind'],
    buckets: DURATION_BUCKETS,
    registers: [registry],
  });
  const parsed = new Counter({
    name: 'muster_questions_parsed_total',
    help: 'Questions by whether their parsed form was still there',
    labelNames: ['kept'],
    registers: [registry],
  });
  const observers = new Map<string, { observe(value: number): void }>();
  const [hit, miss] = [parsed.labels('yes'), parsed.labels('no')];
  return {
    question(surface, kind, took) {
      const key = `${surface} ${kind}`;
      let observer = observers.get(key);
      if (observer === undefined) {
        observer = seconds.labels(surface, kind);
        observers.set(key, observer);
      }
      observer.observe(took);
    },
    parsed: (kept) => (kept ? hit : miss).inc(),
  };
}

function countRequests(app: FastifyInstance, registry: Registry): void {
  const requests = new Counter({
    name: 'muster_http_requests_total',
    help: 'Requests by route, method and status',
    labelNames: ['route', 'method', 'status'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'muster_http_request_seconds',
    help: 'Time from the head of a request to the end of its answer',
    labelNames: ['route', 'method'],
    buckets: DURATION_BUCKETS,
    registers: [registry],
  });
  // Resolving labels costs more than counting: the pair of one route, method and status is resolved once. All three come
  // from the service (unknown routes are one), so the map is bounded.
  const resolved = new Map<string, { inc(): void; observe(value: number): void }>();
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const key = `${request.method} ${route} ${reply.statusCode}`;
    let pair = resolved.get(key);
    if (pair === undefined) {
      const counter = requests.labels(route, request.method, String(reply.statusCode));
      const histogram = seconds.labels(route, request.method);
      pair = { inc: () => counter.inc(), observe: (value) => histogram.observe(value) };
      resolved.set(key, pair);
    }
    pair.inc();
    pair.observe(reply.elapsedTime / 1000);
    done();
  });
}

function gaugeEngine(registry: Registry, engine: MeasuredEngine): void {
  new Gauge({
    name: 'muster_engine_ready',
    help: '1 once the columns are loaded',
    registers: [registry],
    collect() {
      this.set(engine.ready ? 1 : 0);
    },
  });
  new Gauge({
    name: 'muster_nodes',
    help: 'Nodes in service, by whether they still register',
    labelNames: ['silence'],
    registers: [registry],
    async collect() {
      if (!engine.ready) return;
      const { account } = await engine.answer(EVERY_NODE, { first: 0 });
      this.set({ silence: 'missing' }, account.missing);
      this.set({ silence: 'none' }, account.total - account.missing);
    },
  });
  if (engine.figures === undefined) return;
  let figures = engine.figures();
  for (const [name, help, read] of ENGINE_FIGURES) {
    new Gauge({
      name: `muster_engine_${name}`,
      help,
      registers: [registry],
      collect() {
        // The longest slice is forgotten by being read, so the figures are read once a scrape, by the first gauge.
        if (name === ENGINE_FIGURES[0]?.[0]) figures = engine.figures?.() ?? figures;
        this.set(read(figures));
      },
    });
  }
}

const ENGINE_FIGURES: readonly (readonly [string, string, (figures: EngineFigures) => number])[] = [
  ['rows', 'Nodes that have a row, retired ones too', (figures) => figures.nodes],
  ['columns', 'Fact paths that have a column', (figures) => figures.columns],
  ['sparse_columns', 'Fact paths kept as a column of few nodes', (figures) => figures.sparseColumns],
  ['overflow_nodes', 'Nodes with values that found no column', (figures) => figures.overflowNodes],
  ['bytes', 'Bytes of columns and kept sets', (figures) => figures.bytes],
  ['events', 'Events of the store applied since the start', (figures) => figures.events],
  ['rereads', 'Events for which the document was read', (figures) => figures.rereads],
  ['feed_lag_seconds', 'Age of the oldest event being applied', (figures) => figures.feedLagMs / 1000],
  ['longest_slice_seconds', 'Longest slice of work since the last scrape', (figures) => figures.longestSliceMs / 1000],
  ['fallback_nodes', 'Nodes read from documents to answer questions', (figures) => figures.fallbacks.nodes],
  ['rebuilds', 'Times the columns were built anew', (figures) => figures.rebuilds],
  ['snapshots_failed', 'Snapshots that could not be written', (figures) => figures.snapshot.failed],
];
