import { durationMs } from '../../core/index.ts';
import { defineCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import { noWords } from '../flags/words.ts';

/** What `muster simulate` is asked. */
export interface SimulateOptions {
  readonly configFile: string | undefined;
  readonly nodes: number;
  /** JSON lines of documents to register instead of made-up ones; `-` for standard input. */
  readonly documents: string | undefined;
  readonly rounds: number;
  readonly intervalMs: number;
  readonly ratePerSecond: number | undefined;
  readonly changed: number;
  readonly seed: number;
  readonly connections: number;
  readonly inFlight: number | undefined;
  readonly journal: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
}

const CONNECTIONS_MAX = 64;
const NODES_MAX = 1_000_000;

/** `muster simulate`: many nodes in one process, registering over STOMP as real ones do. */
export const simulate = defineCommand<SimulateOptions>({
  name: 'simulate',
  summary: 'Register made-up nodes over STOMP, each with a key of its own',
  examples: ['% --nodes 1000', '% --nodes 10000 --rounds 5 --interval 60s --changed 0.1', '% --documents fleet.ndjson'],
  declare(command) {
    command
      .option('-c, --config <file>', 'Configuration file')
      .option('-n, --nodes <count>', 'How many nodes', '100')
      .option('--documents <file>', 'Documents to register, JSON lines, instead of made-up ones; - for standard input')
      .option('--rounds <count>', 'How often each node registers', '1')
      .option('--interval <time>', 'Time from round to round; 0s for one right after the other', '0s')
      .option('--rate <count>', 'Registrations a second; as many as go if not given')
      .option('--changed <share>', 'Share of nodes, 0 to 1, whose facts change from round to round', '0')
      .option('--seed <number>', 'The same seed makes the same nodes, keys and values', '1')
      .option('--connections <count>', 'Connections to the broker', '2')
      .option('--in-flight <count>', 'Registrations on their way at once')
      .option('--journal <file>', 'Append a line for each receipt')
      .option('-q, --quiet', 'Say nothing beside the result and errors')
      .option('-j, --json', 'Print the counts as JSON');
  },
  read({ words, flags }) {
    noWords(words);
    const count = (name: string, max: number, least = 1): number => wholeNumber(flags[name], `--${name}`, least, max);
    return {
      configFile: flags.config,
      nodes: count('nodes', NODES_MAX),
      documents: flags.documents,
      rounds: count('rounds', Number.MAX_SAFE_INTEGER),
      intervalMs: durationMs(flags.interval, '--interval'),
      ratePerSecond: flags.rate === undefined ? undefined : count('rate', NODES_MAX),
      changed: share(flags.changed, '--changed'),
      seed: count('seed', Number.MAX_SAFE_INTEGER, 0),
      connections: count('connections', CONNECTIONS_MAX),
      inFlight: flags.inFlight === undefined ? undefined : wholeNumber(flags.inFlight, '--in-flight', 1, NODES_MAX),
      journal: flags.journal,
      json: flags.json === true,
      quiet: flags.quiet === true,
    };
  },
  async run(options, io) {
    const { runSimulation } = await import('../node-side/index.ts');
    return runSimulation(options, io);
  },
});

function wholeNumber(text: string, field: string, least: number, most: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new CliError('argument_invalid', `${field} is ${text}, a whole number from ${least} to ${most} was expected`, {
    field,
    value: text,
  });
}

function share(text: string, field: string): number {
  const value = /^(0|1|0?\.\d+|1\.0+|0\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= 1) return value;
  throw new CliError('argument_invalid', `${field} is ${text}, a number from 0 to 1 was expected`, {
    field,
    value: text,
  });
}
