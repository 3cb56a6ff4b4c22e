import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { FastifyInstance } from 'fastify';
import { node } from '../test/data/fleet.mjs';
import { serviceOver, startFleet } from '../test/query/service/fixture.ts';
import { count, ms, spreadOf } from './figures.ts';
import { httpLoad } from './http-load.ts';

/*
 * The service alone, over a real store and real columns, without registry, broker and agent: what HTTP, REST and GraphQL
 * cost. The clients run in a process of their own.
 *
 *   npx esbuild bench/service.bench.ts --bundle --platform=node --format=esm --packages=external \
 *     --outfile=node_modules/.cache/service-bench.mjs && node -e "import('./node_modules/.cache/service-bench.mjs')" [NODES]
 *
 * (By import and not as the script itself: fleet.mjs, bundled with it, would take itself for the script and print.)
 */

const CLIENTS = 8;
const SECONDS = 5;
const WARM_SECONDS = 1;
const ENVIRONMENTS = ['production', 'staging', 'development'];

/** Three conditions, other ones each time: 600 different questions. */
function lookupPath(): string {
  const customer = Math.floor(Math.random() * 200);
  const query = {
    'facts.customer': customer === 0 ? 'acme' : `customer${String(customer).padStart(3, '0')}`,
    'facts.environment': ENVIRONMENTS[Math.floor(Math.random() * ENVIRONMENTS.length)],
    classes: 'mysql::master',
  };
  return `/v1/nodes?query=${encodeURIComponent(JSON.stringify(query))}`;
}

async function load(port: number): Promise<void> {
  await httpLoad({ port, clients: CLIENTS, seconds: WARM_SECONDS, path: lookupPath });
  const full = await httpLoad({ port, clients: CLIENTS, seconds: SECONDS, path: lookupPath });
  show(`3 conditions, ${CLIENTS} clients`, full.durations);
  process.stdout.write(`  ${count(full.durations.length / full.seconds)}/s, ${full.errors} errors\n`);
  const one = await httpLoad({ port, clients: 1, seconds: WARM_SECONDS, path: lookupPath });
  show('3 conditions, 1 client', one.durations);
  await rows(port);
}

/** 1,000 rows of three facts, other questions each time, by GraphQL and REST. */
async function rows(port: number): Promise<void> {
  const graphql =
    'query ($q: JSON) { nodes(query: $q, first: 1000) { nodes { identity a: fact(path: "os.name") b: fact(path: "role") c: fact(path: "processors.count") } account { total matched } } }';
  const took: number[] = [];
  for (let run = 0; run < 40; run++) {
    const q = { 'facts.uptime_days': { $gte: run } };
    const started = performance.now();
    await post(port, '/graphql', { query: graphql, variables: { q } });
    if (run >= 10) took.push(performance.now() - started);
  }
  show('GraphQL, 1,000 rows of 3 facts', took);
  took.length = 0;
  for (let run = 0; run < 40; run++) {
    const query = { 'facts.uptime_days': { $gte: run } };
    const started = performance.now();
    await post(port, '/v1/query/nodes', {
      query,
      limit: 1000,
      fields: ['identity', 'os.name', 'role', 'processors.count'],
    });
    if (run >= 10) took.push(performance.now() - started);
  }
  show('REST, 1,000 rows of 3 facts', took);
}

function post(port: number, path: string, body: unknown): Promise<number> {
  return new Promise((resolve, reject) => {
    const asking = request(
      { host: '127.0.0.1', port, path, method: 'POST', headers: { 'content-type': 'application/json' } },
      (answer) => {
        let bytes = 0;
        answer.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        });
        answer.on('end', () =>
          answer.statusCode === 200 ? resolve(bytes) : reject(new Error(`${answer.statusCode}`)),
        );
      },
    );
    asking.on('error', reject);
    asking.end(JSON.stringify(body));
  });
}

function show(name: string, durations: readonly number[]): void {
  const { p50, p99, max } = spreadOf(durations);
  process.stdout.write(`${name}: p50 ${ms(p50)}, p99 ${ms(p99)}, max ${ms(max)}\n`);
}

async function serve(nodes: number): Promise<void> {
  const started = performance.now();
  const fleet = await startFleet(Array.from({ length: nodes }, (_, i) => node(i)));
  process.stdout.write(`${count(nodes)} nodes stored and loaded in ${ms(performance.now() - started)}\n`);
  const app: FastifyInstance = await serviceOver(fleet.engine);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  const code = `import(${JSON.stringify(import.meta.url)})`;
  await once(spawn(process.execPath, ['-e', code, 'load', String(port)], { stdio: 'inherit' }), 'exit');
  await app.close();
  await fleet.close();
}

// There is no script in argv: see the head.
const [, what, port] = process.argv;
if (what === 'load') await load(Number(port));
else await serve(Number(what ?? 100_000));
