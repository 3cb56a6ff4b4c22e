import { Gauge, type Registry as PromRegistry } from 'prom-client';
import type { ColumnsEngine } from '../../query/index.ts';

type Figures = ReturnType<ColumnsEngine['figures']>;

/** Gauges of the columns: their name after `muster_columns_`, help, and how each is read. */
const GAUGES: readonly (readonly [name: string, help: string, read: (figures: Figures) => number])[] = [
  ['count', 'Columns, one a fact path', (figures) => figures.columns],
  ['overflow_nodes', 'Nodes with values that found no column', (figures) => figures.overflowNodes],
  ['bytes', 'Bytes of columns and kept sets', (figures) => figures.bytes],
  ['feed_events', 'Events applied since the start', (figures) => figures.events],
  ['feed_lag_seconds', 'Age of the oldest event being applied', (figures) => figures.feedLagMs / 1000],
  ['longest_slice_seconds', 'Longest slice of work since the last look', (figures) => figures.longestSliceMs / 1000],
  ['fallback_nodes', 'Documents read for questions that left the columns', (figures) => figures.fallbacks.nodes],
  ['rebuilds', 'Times the columns were built from the store', (figures) => figures.rebuilds],
  ['snapshots_written', 'Snapshots written', (figures) => figures.snapshot.written],
  [
    'snapshots_failed',
    'Snapshots that failed or were given up',
    ({ snapshot }) => snapshot.failed + snapshot.abandoned,
  ],
  ['snapshot_bytes', 'Size of the last snapshot', (figures) => figures.snapshot.bytes],
  ['snapshot_seconds', 'Time the last snapshot took', (figures) => figures.snapshot.milliseconds / 1000],
];

/** The figures of the columns among the metrics of this process, read when they are asked for. */
export function engineMetrics(registry: PromRegistry, engine: Pick<ColumnsEngine, 'figures'>): void {
  // One reading serves every gauge of a scrape: some figures begin anew when read.
  let read: { readonly figures: Figures; readonly atMs: number } | undefined;
  const figures = (): Figures => {
    const now = performance.now();
    if (read === undefined || now - read.atMs > SCRAPE_MS) read = { figures: engine.figures(), atMs: now };
    return read.figures;
  };
  for (const [name, help, value] of GAUGES) {
    new Gauge({
      name: `muster_columns_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(value(figures()));
      },
    });
  }
}

/** Longer than one scrape takes, shorter than two are apart. */
const SCRAPE_MS = 500;
