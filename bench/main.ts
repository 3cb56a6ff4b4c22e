import { Installed } from '../test/acceptance/installed.ts';
import { type BenchArguments, type PartName, parseArguments, USAGE, WrongArguments } from './arguments.ts';
import { count, type Figure, ms, type Row } from './figures.ts';
import { Fleet } from './fleet.ts';
import { ndjsonLoad } from './ndjson-load.ts';
import { command } from './parts/command.ts';
import { fresh } from './parts/fresh.ts';
import { ingest } from './parts/ingest.ts';
import { lookup } from './parts/lookup.ts';
import { memory } from './parts/memory.ts';
import { mixed } from './parts/mixed.ts';
import { start } from './parts/start.ts';
import { store } from './parts/store.ts';
import { wide } from './parts/wide.ts';
import { loadBefore, reportOf, writeReport } from './report.ts';
import { STEADY_SENDER, sendSteadily } from './steady-sender.ts';

/*
 * npm run bench: runs the parts, tells progress on stderr and prints the table on stdout. The process that sends at a
 * steady rate is started from this file too.
 */

/** The parts that ask a server that holds the fleet, in the order in which they run; those that add nodes come last. */
const SERVER_PARTS: readonly (readonly [
  PartName,
  (muster: Installed, nodes: number, fleet: Fleet) => Promise<readonly Figure[]>,
])[] = [
  ['start', start],
  ['lookup', lookup],
  ['wide', wide],
  ['command', command],
  ['mixed', mixed],
  ['ingest', ingest],
  ['memory', memory],
];

async function bench({ sizes, only, write }: BenchArguments): Promise<void> {
  const rows: Row[] = [];
  const load = loadBefore();
  const measure = async (part: PartName, nodes: number | undefined, run: () => Promise<readonly Figure[]>) => {
    if (!only.includes(part)) return;
    const began = performance.now();
    const figures = await run();
    say(`${part}, in ${ms(performance.now() - began)}`);
    for (const { name, value, met, target } of figures) {
      say(`  ${name}: ${value}${met === false ? ` (missed ${target})` : ''}`);
    }
    rows.push(...figures.map((figure) => ({ ...figure, nodes })));
  };

  await measure('fresh', undefined, fresh);
  const serverParts = SERVER_PARTS.filter(([part]) => only.includes(part));
  if (serverParts.length > 0 || only.includes('store')) {
    const fleet = new Fleet(Math.max(...sizes));
    for (const nodes of sizes) {
      say(`${count(nodes)} nodes`);
      await measure('store', nodes, () => store(nodes, fleet));
      if (serverParts.length === 0) continue;
      const muster = await Installed.start({ env: { MUSTER_LOG_LEVEL: 'warn' } });
      try {
        const filled = await fill(muster, nodes, fleet);
        await measure('ingest', nodes, async () => [filled]);
        for (const [part, run] of serverParts) await measure(part, nodes, () => run(muster, nodes, fleet));
      } finally {
        await muster.remove();
      }
    }
  }
  const report = reportOf(rows, load);
  if (write) writeReport(report);
  process.stdout.write(`${report}\n`);
}

/** Registers the fleet at a server that has just started: the first figure of ingest. */
async function fill(muster: Installed, nodes: number, fleet: Fleet): Promise<Figure> {
  const { seconds, report } = await ndjsonLoad(muster, fleet.lines(nodes));
  if (report.inserted !== nodes) throw new Error(`Not all ${nodes} were inserted: ${JSON.stringify(report)}`);
  return { name: 'NDJSON by token, new nodes, the server just started', value: `${count(nodes / seconds)}/s` };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(args: readonly string[]): Promise<void> {
  const [first, order = ''] = args;
  if (first === STEADY_SENDER) return sendSteadily(JSON.parse(order));
  try {
    const parsed = parseArguments(args);
    if (parsed.help) process.stdout.write(USAGE);
    else await bench(parsed);
  } catch (error) {
    if (!(error instanceof WrongArguments)) throw error;
    process.stderr.write(`muster: ${error.message}\n\n${USAGE}`);
    // The status of wrong usage that the commands have too.
    process.exitCode = 64;
  }
}

await main(process.argv.slice(2));
