import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Query as MingoQuery } from 'mingo';
import { silentLogger, systemClock } from '../../core/index.ts';
import { createQueryEngine, parseJsonQuery } from '../../query/index.ts';
import { openEmbeddedStore } from '../../registry/index.ts';
import type { Installed } from '../../test/acceptance/installed.ts';
import { below, type Figure, ms, reaching, spreadOf } from '../figures.ts';
import type { Fleet } from '../fleet.ts';
import { httpLoad } from '../http-load.ts';
import { lookupPath, lookupQuery } from '../questions.ts';

const MINGO_RUNS = 5;
const IN_PROCESS_WARM = 1000;
const IN_PROCESS_RUNS = 5000;
/** Nodes on a page: the one that matches, and room. */
const PAGE = 10;

/** The lookup of three conditions: over HTTP, by a plain scan with mingo, and in process. */
export async function lookup(muster: Installed, nodes: number, fleet: Fleet): Promise<Figure[]> {
  return [...(await overHttp(muster)), mingoScan(fleet, nodes), ...(await inProcess(muster))];
}

async function overHttp({ httpPort: port }: Installed): Promise<Figure[]> {
  await httpLoad({ port, clients: 4, seconds: 2, path: lookupPath });
  const one = await httpLoad({ port, clients: 1, seconds: 4, path: lookupPath });
  const eight = await httpLoad({ port, clients: 8, seconds: 5, path: lookupPath });
  const { p50, p99 } = spreadOf(one.durations);
  return [
    below('lookup of 3 conditions over HTTP, 1 client, p50', p50, 1),
    below('lookup of 3 conditions over HTTP, 1 client, p99', p99, 4),
    reaching('lookup of 3 conditions over HTTP, 8 clients', eight.perSecond, 6000),
  ];
}

/** The same by testing every document, a slice of them made at a time so that they need not all be in memory. */
function mingoScan(fleet: Fleet, nodes: number): Figure {
  const queries = Array.from({ length: MINGO_RUNS }, () => new MingoQuery(lookupQuery()));
  const durations = queries.map(() => 0);
  const SLICE = 1000;
  const slice: Record<string, unknown>[] = [];
  let seen = 0;
  for (const document of fleet.documents(nodes)) {
    slice.push({ ...document });
    seen += 1;
    if (slice.length < SLICE && seen < nodes) continue;
    for (const [run, query] of queries.entries()) {
      const started = performance.now();
      slice.filter((one) => query.test(one));
      durations[run] = (durations[run] as number) + performance.now() - started;
    }
    slice.length = 0;
  }
  return { name: 'peer: the same lookup as a plain mingo scan in process, p50', value: ms(spreadOf(durations).p50) };
}

/** The same in this process over the server's own store, while the server is down: the columns, without HTTP. */
async function inProcess(muster: Installed): Promise<Figure[]> {
  await muster.down();
  const store = await openEmbeddedStore({ path: join(muster.dataDir, 'store'), logger: silentLogger() });
  const engine = await createQueryEngine({
    store,
    logger: silentLogger(),
    clock: systemClock,
    stateRule: { intervalSeconds: 300, expireAfterSeconds: 30 * 86_400 },
    pathsMax: 20_000,
  });
  try {
    await engine.start();
    const ask = async (): Promise<number> => {
      const query = parseJsonQuery(lookupQuery());
      const started = performance.now();
      await engine.answer(query, { first: PAGE });
      return performance.now() - started;
    };
    for (let i = 0; i < IN_PROCESS_WARM; i++) await ask();
    globalThis.gc?.();
    const durations: number[] = [];
    for (let i = 0; i < IN_PROCESS_RUNS; i++) durations.push(await ask());
    const { p50, p99 } = spreadOf(durations);
    const name = 'lookup of 3 conditions in process, with the account';
    return [below(`${name}, p50`, p50, 0.1), { name: `${name}, p99`, value: ms(p99) }];
  } finally {
    await engine.stop();
    await store.close();
    await muster.up();
  }
}
