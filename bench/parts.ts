import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Query } from 'mingo';
import { bin, Installed, run } from '../test/acceptance/installed.ts';
import { node } from '../test/data/fleet.mjs';
import { count, type Figure, ms, spreadOf } from './figures.ts';
import { fleetLines, makeSenders } from './frames.ts';
import { httpLoad } from './http-load.ts';
import { openStomp } from './stomp-load.ts';

/*
 * The parts of the bench. Each takes a server that holds `nodes` nodes, or makes one, and gives figures.
 */

const LOOKUP_CUSTOMERS = 60;
const ENVIRONMENTS = ['production', 'staging', 'development'];

/** Three conditions, other ones each time. */
function lookupPath(): string {
  const customer = Math.floor(Math.random() * LOOKUP_CUSTOMERS);
  const name = customer === 0 ? 'acme' : `customer${String(customer).padStart(3, '0')}`;
  const environment = ENVIRONMENTS[Math.floor(Math.random() * ENVIRONMENTS.length)];
  const query = { 'facts.customer': name, 'facts.environment': environment, classes: 'mysql::master' };
  return `/v1/nodes?query=${encodeURIComponent(JSON.stringify(query))}`;
}

const byQuery = (query: unknown, more = '&limit=1000') =>
  `/v1/nodes?query=${encodeURIComponent(JSON.stringify(query))}${more}`;

/** Starts a server and fills it with the fleet over HTTP; the import itself is a figure. */
export async function filledServer(nodes: number): Promise<{ readonly muster: Installed; readonly figures: Figure[] }> {
  const muster = await Installed.start({ env: { MUSTER_LOG_LEVEL: 'warn' } });
  const figures: Figure[] = [];
  const insert = await importLines(muster, fleetLines(nodes, 0, 0));
  figures.push({
    part: 'ingest',
    name: 'NDJSON by token, new nodes',
    nodes,
    value: `${count(nodes / insert)}/s`,
    target: '',
  });
  return { muster, figures };
}

async function importLines(muster: Installed, lines: readonly string[]): Promise<number> {
  const { request } = await import('node:http');
  const started = performance.now();
  const status = await new Promise<number>((done, fail) => {
    const asking = request(
      {
        host: '127.0.0.1',
        port: muster.httpPort,
        method: 'POST',
        path: '/v1/registrations',
        headers: { 'content-type': 'application/x-ndjson', authorization: `Bearer ${muster.adminToken}` },
      },
      (answer) => {
        answer.resume();
        answer.on('end', () => done(answer.statusCode ?? 0));
      },
    ).on('error', fail);
    const writeFrom = (start: number): void => {
      for (let i = start; i < lines.length; i += 200) {
        if (!asking.write(lines.slice(i, i + 200).join(''))) {
          asking.once('drain', () => writeFrom(i + 200));
          return;
        }
      }
      asking.end();
    };
    writeFrom(0);
  });
  if (status !== 200) throw new Error(`the import was answered by ${status}\n${muster.log}`);
  return (performance.now() - started) / 1000;
}

/** Registrations by token as NDJSON: every node changed, then every node with other volatile facts alone. */
export async function ndjsonIngest(muster: Installed, nodes: number): Promise<Figure[]> {
  const some = Math.min(nodes, 20_000);
  const changed = some / (await importLines(muster, fleetLines(some, 1, 1)));
  const unchanged = some / (await importLines(muster, fleetLines(some, 1, 2)));
  return [
    {
      part: 'ingest',
      name: 'NDJSON by token, changed',
      nodes,
      value: `${count(changed)}/s`,
      target: '>= 5,000/s',
      met: changed >= 5000,
    },
    {
      part: 'ingest',
      name: 'NDJSON by token, unchanged',
      nodes,
      value: `${count(unchanged)}/s`,
      target: '>= 15,000/s',
      met: unchanged >= 15_000,
    },
  ];
}

/** Signed registrations over STOMP, from the frame on the socket to the receipt. */
export async function stompIngest(muster: Installed, nodes: number): Promise<Figure[]> {
  const SENDERS = 10_000;
  const senders = makeSenders(SENDERS, 500_000);
  const stomp = await openStomp(muster.stompPort);
  const WINDOW = 1000;
  const rate = async (content: number, moment: number) => {
    const frames = senders.frames(content, moment);
    return SENDERS / (await stomp.sendAll(frames, WINDOW));
  };
  const inserted = await rate(0, 1);
  const changed = await rate(1, 2);
  const unchanged = await rate(1, 3);
  const visible = JSON.parse(
    (await muster.get(byQuery({ 'facts.deployed': 'release-1', identity: { $regex: '^signed-' } }, '&limit=1'))).body,
  );
  if (visible.account.matched !== SENDERS || stomp.refused > 0)
    throw new Error(`only ${visible.account.matched} of ${SENDERS} are visible`);
  const single: number[] = [];
  for (const frame of senders.frames(2, 4).slice(0, 200)) single.push(await stomp.sendOne(frame));
  stomp.close();
  return [
    { part: 'ingest', name: 'signed over STOMP, new keys and nodes', nodes, value: `${count(inserted)}/s`, target: '' },
    {
      part: 'ingest',
      name: 'signed over STOMP, changed',
      nodes,
      value: `${count(changed)}/s`,
      target: '>= 2,500/s',
      met: changed >= 2500,
    },
    {
      part: 'ingest',
      name: 'signed over STOMP, unchanged',
      nodes,
      value: `${count(unchanged)}/s`,
      target: '>= 5,000/s',
      met: unchanged >= 5000,
    },
    {
      part: 'ingest',
      name: 'one signed registration to its receipt, p50',
      nodes,
      value: ms(spreadOf(single).p50),
      target: '',
    },
  ];
}

/** Lookups over HTTP: latency of one client, throughput of eight. */
export async function lookups(muster: Installed, nodes: number): Promise<Figure[]> {
  await httpLoad({ port: muster.httpPort, clients: 4, seconds: 2, path: lookupPath });
  const one = await httpLoad({ port: muster.httpPort, clients: 1, seconds: 4, path: lookupPath });
  const eight = await httpLoad({ port: muster.httpPort, clients: 8, seconds: 5, path: lookupPath });
  const spread = spreadOf(one.durations);
  const perSecond = eight.durations.length / eight.seconds;
  return [
    {
      part: 'lookup',
      name: '3-condition lookup over HTTP, p50',
      nodes,
      value: ms(spread.p50),
      target: '< 1 ms',
      met: spread.p50 < 1,
    },
    {
      part: 'lookup',
      name: '3-condition lookup over HTTP, p99',
      nodes,
      value: ms(spread.p99),
      target: '< 4 ms',
      met: spread.p99 < 4,
    },
    {
      part: 'lookup',
      name: '3-condition lookup, 8 clients',
      nodes,
      value: `${count(perSecond)}/s`,
      target: '>= 6,000/s',
      met: perSecond >= 6000 && eight.errors === 0,
    },
  ];
}

/** The same lookup while nodes register at a steady rate. */
export async function lookupsWhileRegistering(muster: Installed, nodes: number, perSecond: number): Promise<Figure[]> {
  const SECONDS = 8;
  const senders = makeSenders(Math.min(3000, perSecond), 700_000);
  const rounds = Math.ceil((perSecond * SECONDS) / Math.min(3000, perSecond));
  const frames = Array.from({ length: rounds }, (_, round) => senders.frames(Math.floor(round / 2), round + 1)).flat();
  const stomp = await openStomp(muster.stompPort);
  const TICKS = 50;
  let sent = 0;
  const sending = (async () => {
    const started = performance.now();
    const acked: Promise<number>[] = [];
    for (let tick = 1; tick <= SECONDS * TICKS; tick++) {
      const due = Math.min(frames.length, Math.floor((tick * perSecond) / TICKS));
      if (due > sent) acked.push(stomp.sendAll(frames.slice(sent, due), due - sent));
      sent = due;
      await acked.at(-1);
      const wait = started + (tick * 1000) / TICKS - performance.now();
      if (wait > 0) await new Promise((done) => setTimeout(done, wait));
    }
    return (performance.now() - started) / 1000;
  })();
  const load = await httpLoad({ port: muster.httpPort, clients: 2, seconds: SECONDS, path: lookupPath, pauseMs: 1 });
  const took = await sending;
  stomp.close();
  const spread = spreadOf(load.durations);
  const name = `lookup while ${count(sent / took)}/s register`;
  return [
    { part: 'mixed', name: `${name}, p99`, nodes, value: ms(spread.p99), target: '< 15 ms', met: spread.p99 < 15 },
    { part: 'mixed', name: `${name}, max`, nodes, value: ms(spread.max), target: '< 50 ms', met: spread.max < 50 },
  ];
}

/** Questions that read many values. */
export async function wideQuestions(muster: Installed, nodes: number): Promise<Figure[]> {
  const ask = async (name: string, path: () => string, target: number): Promise<Figure> => {
    const load = await httpLoad({ port: muster.httpPort, clients: 1, seconds: 2, path });
    const { p50 } = spreadOf(load.durations);
    if (load.errors > 0) throw new Error(`${name}: ${load.errors} errors`);
    return { part: 'wide', name: `${name}, p50`, nodes, value: ms(p50), target: `< ${target} ms`, met: p50 < target };
  };
  const random = (n: number) => Math.floor(Math.random() * n);
  const names = '&limit=1000&fields=identity';
  return [
    await ask(
      'range + equality',
      () => byQuery({ 'facts.processors.count': { $gte: 4 + random(28) }, 'facts.environment': 'production' }, names),
      10,
    ),
    await ask(
      'range on a fact of all distinct values',
      () => byQuery({ 'facts.system_uptime.seconds': { $lt: 1000 + random(1e6) } }, names),
      10,
    ),
    await ask(
      'regex on a fact of few values',
      () => byQuery({ 'facts.kernelrelease': { $regex: `6\\.1\\.0-[${random(5)}-9]\\d?` } }, names),
      10,
    ),
    await ask(
      'facet of a fact',
      () =>
        `/v1/facets?path=os.name&filter=${encodeURIComponent(`customer=customer${String(1 + random(60)).padStart(3, '0')}`)}`,
      10,
    ),
    await ask('facet over all nodes', () => '/v1/facets?path=customer', 10),
    await ask(
      'regex on identity',
      () => byQuery({ identity: { $regex: `[a-z]+0*${random(9)}\\d+\\.customer0${10 + random(80)}` } }, names),
      60,
    ),
    await ask('prefix of identity', () => byQuery({ identity: { $regex: `^web00${random(9)}` } }, names), 10),
    await ask(
      'contained in fqdn',
      () => byQuery({ 'facts.fqdn': { $regex: `customer0${10 + random(80)}` } }, names),
      10,
    ),
  ];
}

/** A plain scan of the same documents by mingo, in this process. */
export function mingoScan(nodes: number): Figure[] {
  const documents = Array.from({ length: nodes }, (_, i) => node(i));
  const durations: number[] = [];
  for (let i = 0; i < 5; i++) {
    const query = new Query({
      'facts.customer': 'acme',
      'facts.environment': ENVIRONMENTS[i % 3] as string,
      classes: 'mysql::master',
    });
    const started = performance.now();
    let found = 0;
    for (const document of documents) if (query.test(document as unknown as Record<string, unknown>)) found += 1;
    durations.push(performance.now() - started + found * 0);
  }
  return [
    {
      part: 'lookup',
      name: 'peer: the same lookup as a plain mingo scan, p50',
      nodes,
      value: ms(spreadOf(durations).p50),
      target: '',
    },
  ];
}

/** Process start until /readyz, from a snapshot and without, and the memory of a server that holds all nodes. */
export async function starts(muster: Installed, nodes: number): Promise<Figure[]> {
  const restart = async () => {
    const started = performance.now();
    await muster.up();
    return performance.now() - started;
  };
  await muster.down();
  const fromSnapshot = await restart();
  const memory = rssAnonMiB(muster.pid);
  await muster.down();
  rmSync(join(muster.dataDir, 'columns.snapshot'), { force: true });
  const rebuilt = await restart();
  const after = rssAnonMiB(muster.pid);
  return [
    {
      part: 'start',
      name: 'process start to ready, from a snapshot',
      nodes,
      value: ms(fromSnapshot),
      target: '< 2 s',
      met: fromSnapshot < 2000,
    },
    {
      part: 'start',
      name: 'process start to ready, without',
      nodes,
      value: ms(rebuilt),
      target: '< 10 s',
      met: rebuilt < 10_000,
    },
    {
      part: 'memory',
      name: 'RssAnon after a start from a snapshot',
      nodes,
      value: `${memory.anon} MiB (RSS ${memory.rss} MiB)`,
      target: '< 600 MB',
      met: memory.anon * 1.048576 < 600,
    },
    {
      part: 'memory',
      name: 'RssAnon after a start without',
      nodes,
      value: `${after.anon} MiB (RSS ${after.rss} MiB)`,
      target: '',
    },
  ];
}

/** Memory of a server as it is. */
export function memoryFigure(muster: Installed, nodes: number, when: string): Figure {
  const { anon, rss } = rssAnonMiB(muster.pid);
  return {
    part: 'memory',
    name: `RssAnon ${when}`,
    nodes,
    value: `${anon} MiB (RSS ${rss} MiB)`,
    target: '< 600 MB',
    met: anon * 1.048576 < 600,
  };
}

function rssAnonMiB(pid: number): { readonly anon: number; readonly rss: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (key: string) =>
    Math.round(Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1] ?? Number.NaN) / 1024);
  return { anon: of('RssAnon'), rss: of('VmRSS') };
}

/** mc-find as installed beside a bare node, whole processes. */
export async function commands(muster: Installed, nodes: number): Promise<Figure[]> {
  const ROUNDS = 25;
  const find: number[] = [];
  const bare: number[] = [];
  const once = async (args: readonly string[]) => {
    const started = performance.now();
    await new Promise<void>((done, fail) => {
      spawn(process.execPath, args, { env: { PATH: process.env.PATH, ...muster.env }, stdio: 'ignore' })
        .on('close', () => done())
        .on('error', fail);
    });
    return performance.now() - started;
  };
  for (let i = 0; i < ROUNDS; i++) {
    bare.push(await once(['-e', '0']));
    find.push(await once([bin('mc-find'), '-W', 'environment=development customer=acme mysql::master']));
  }
  const [a, b] = [spreadOf(find).p50, spreadOf(bare).p50];
  return [
    {
      part: 'command',
      name: 'mc-find, whole process, p50',
      nodes,
      value: ms(a),
      target: '<= 2x node -e 0',
      met: a <= 2 * b,
    },
    { part: 'command', name: 'peer: node -e 0, p50', nodes, value: ms(b), target: '' },
  ];
}

/** `npm start` on a fresh clone to the first answered query, and again. */
export async function freshClone(root: string, folder: string): Promise<Figure[]> {
  const clone = join(folder, 'clone');
  const cloned = await run('git', ['clone', '-q', root, clone]);
  if (cloned.status !== 0) throw new Error(cloned.stderr);
  const figures: Figure[] = [];
  for (const [name, target, seconds] of [
    ['npm start on a fresh clone to the first answer', '< 60 s', 60],
    ['the second npm start', '< 3 s', 3],
  ] as const) {
    const started = performance.now();
    const took = await npmStart(clone, join(folder, 'data'), started);
    figures.push({ part: 'start', name, nodes: 1, value: ms(took), target, met: took < seconds * 1000 });
  }
  return figures;
}

async function npmStart(clone: string, dataDir: string, started: number): Promise<number> {
  const { freePort } = await import('../test/acceptance/installed.ts');
  const [http, stomp] = [await freePort(), await freePort()];
  const env = {
    ...process.env,
    MUSTER_CONFIG: '/dev/null',
    MUSTER_DATA_DIR: dataDir,
    MUSTER_HTTP_LISTEN: `127.0.0.1:${http}`,
    MUSTER_BROKER_EMBEDDED: `127.0.0.1:${stomp}`,
  };
  const child = spawn('npm', ['start'], { cwd: clone, env, stdio: 'ignore', detached: true });
  try {
    for (;;) {
      const answered = await fetch(`http://127.0.0.1:${http}/v1/nodes`).then(
        (answer) => answer.ok && answer.json(),
        () => undefined,
      );
      if (answered) return performance.now() - started;
      if (child.exitCode !== null) throw new Error('npm start ended by itself');
      await new Promise((done) => setTimeout(done, 50));
    }
  } finally {
    process.kill(-(child.pid as number), 'SIGTERM');
    await new Promise((done) => child.once('exit', done));
  }
}
