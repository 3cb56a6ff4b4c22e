import {
  createSimulation,
  generatedDocuments,
  openJournal,
  readDocuments,
  type SimulatedDocuments,
  type Simulation,
  type SimulationCounts,
} from '../../agents/index.ts';
import { type Config, durationMs, loadConfig } from '../../core/index.ts';
import type { BrokerLink } from '../../wire/index.ts';
import type { SimulateOptions } from '../commands/simulate.ts';
import { exitStatuses } from '../exit-status.ts';
import { fileFault } from '../file-fault.ts';
import type { CommandIo } from '../io.ts';
import { commandLogger } from '../server/log.ts';
import { untilTold } from '../server/signals.ts';
import { readSecret } from '../settings/read-secret.ts';
import { firstLine, nodeLink } from './link.ts';

/** `muster simulate`: 0 where every registration got its receipt, 2 where some were refused or stopped. */
export async function runSimulation(options: SimulateOptions, io: CommandIo): Promise<number> {
  const { config } = loadConfig({ file: options.configFile, env: io.env });
  // What becomes of each registration is counted; the log is for what is wrong with the whole.
  const logger = commandLogger({ log: { level: config.log.level === 'info' ? 'warn' : config.log.level } }, io);
  const documents = await documentsOf(options, io);
  const links = Array.from({ length: options.connections }, () => nodeLink({ config, logger }));
  const journal = options.journal === undefined ? undefined : openJournal(options.journal);
  const { told, release } = untilTold(logger);
  const simulation = createSimulation({
    links,
    documents,
    options: simulationOptions(options, config),
    clock: io.clock,
    ...(journal === undefined ? {} : { journal }),
    ...(options.quiet || io.stderr.isTTY !== true ? {} : { onProgress: (counts) => drawProgress(counts, io) }),
  });
  void told.then(() => simulation.stop());
  try {
    for (const link of links) link.start();
    return report(await runToEnd(simulation, links), options, io);
  } finally {
    journal?.close();
    release();
  }
}

async function runToEnd(simulation: Simulation, links: readonly BrokerLink[]): Promise<SimulationCounts> {
  try {
    return await simulation.run();
  } finally {
    await Promise.all(links.map((link) => link.stop()));
  }
}

async function documentsOf({ documents, nodes, seed }: SimulateOptions, io: CommandIo): Promise<SimulatedDocuments> {
  if (documents === undefined) return generatedDocuments(nodes, seed);
  try {
    return await readDocuments(documents === '-' ? io.stdin : documents);
  } catch (error) {
    throw fileFault(error, documents);
  }
}

function simulationOptions(
  options: SimulateOptions,
  config: Config,
): Parameters<typeof createSimulation>[0]['options'] {
  const { rounds, intervalMs, ratePerSecond, changed, seed, inFlight } = options;
  const { joinTokenFile, ttl } = config.security;
  return {
    collective: config.collectives[0] ?? 'mcollective',
    rounds,
    intervalMs,
    changedFraction: changed,
    seed,
    ttlSeconds: Math.ceil(durationMs(ttl, 'security.ttl') / 1000),
    nodeIntervalSeconds: durationMs(config.registration.interval, 'registration.interval') / 1000,
    ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
    ...(inFlight === undefined ? {} : { inFlightMax: inFlight }),
    ...(joinTokenFile === undefined
      ? {}
      : { joinToken: firstLine(readSecret(joinTokenFile, 'security.joinTokenFile')) }),
  };
}

function drawProgress({ receipted, refused, perSecond, inFlight }: SimulationCounts, io: CommandIo): void {
  io.stderr.write(
    `\r\u001b[K${receipted} receipted, ${refused} refused, ${inFlight} on their way, ${Math.round(perSecond)}/s`,
  );
}

function report(counts: SimulationCounts, options: SimulateOptions, io: CommandIo): number {
  if (io.stderr.isTTY === true && !options.quiet) io.stderr.write('\r\u001b[K');
  if (options.json) io.stdout.write(`${JSON.stringify(counts, null, 2)}\n`);
  else {
    const seconds = (counts.elapsedMs / 1000).toFixed(1);
    const { nodes, receipted, refused, resent, perSecond } = counts;
    io.stdout.write(
      `${nodes} nodes: ${receipted} receipted, ${refused} refused, ${resent} sent again, ${seconds} s, ${Math.round(perSecond)}/s\n`,
    );
  }
  for (const [code, count] of Object.entries(counts.refusals)) io.stderr.write(`${count} refused: ${code}\n`);
  return counts.receipted === counts.nodes * options.rounds ? exitStatuses.ok.status : exitStatuses.some.status;
}
