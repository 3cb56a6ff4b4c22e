import { Command, CommanderError } from 'commander';
import { asMusterError, type MusterError } from '../core/index.ts';
import { type AnyCommand, HELP_COMMAND, type Invocation, leadWithExamples } from './command.ts';
import { CliError } from './errors.ts';
import { exitStatuses, exitStatusOf } from './exit-status.ts';
import { type CommandIo, processIo } from './io.ts';
import { printError } from './print-error.ts';
import { commands } from './table.ts';
import { VERSION } from './version.ts';

/**
 * Runs a command in this process, by the name it is installed under, and sets the exit status.
 * `main('mc-find', [...])` is `muster find ...`.
 */
export async function main(name: string, argv: readonly string[] = process.argv.slice(2)): Promise<void> {
  const io = processIo();
  process.exitCode = await runCommand(name, argv, io);
  await io.drained();
}

/** What the help of `muster` itself begins with. */
const EXAMPLES = [
  '% find -W "environment=production customer=acme mysql::master"',
  '% facts os.name',
  '% ssh -W "environment=development customer=acme mysql::master"',
  '% inventory db1.acme.net',
  '% import fleet.ndjson',
  '% serve --with-agent',
];

/** Runs a command with an io of the caller's and gives the exit status. Never throws. */
export async function runCommand(name: string, argv: readonly string[], io: CommandIo): Promise<number> {
  const colour = argv.includes('--no-color') ? false : undefined;
  try {
    const invocation = parse(name, argv, io);
    return invocation === undefined ? exitStatuses.ok.status : await invocation.run(io);
  } catch (thrown) {
    if (isBareGroup(thrown)) return exitStatuses.usage.status;
    const error = fromCommander(thrown);
    if (error === undefined) return exitStatuses.ok.status;
    printError(name, error, io, colour);
    return exitStatusOf(error);
  }
}

/** What the command line calls; undefined where help or version was all that was asked. */
function parse(name: string, argv: readonly string[], io: CommandIo): Invocation | undefined {
  const seed = commands.find((command) => command.seedNames.includes(name));
  const [first] = argv;
  const called = seed ?? commands.find((command) => command.name === first);
  const dashes = called?.takesRest === true ? argv.indexOf('--') : -1;
  const rest = dashes === -1 ? [] : argv.slice(dashes + 1);
  const own = dashes === -1 ? argv : argv.slice(0, dashes);
  let invocation: Invocation | undefined;
  const found = (one: Invocation): void => {
    invocation = one;
  };
  const program = seed === undefined ? musterProgram(called, rest, found) : seed.build(name, rest, found);
  program.version(VERSION, '-V, --version', 'Show the version');
  takeOver(program, io);
  program.parse(own, { from: 'user' });
  return invocation;
}

/** `muster` with the one command that is called, or with all where help needs them. */
function musterProgram(
  called: AnyCommand | undefined,
  rest: readonly string[],
  found: (invocation: Invocation) => void,
): Command {
  const program = new Command('muster').description('Ask your machines by what they are, not by what they are called');
  program.helpOption('-h, --help', 'Show this help').helpCommand(...HELP_COMMAND);
  leadWithExamples(program, EXAMPLES);
  for (const command of called === undefined ? commands : [called]) {
    program.addCommand(command.build(command.name, rest, found));
  }
  return program;
}

/** Commander writes to our streams and throws where it would end the process. */
function takeOver(command: Command, io: CommandIo): void {
  command.exitOverride();
  command.configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
    // Its errors are printed by us, once, with code and remedy.
    outputError: () => {},
    getOutHasColors: () => false,
  });
  for (const below of command.commands) takeOver(below, io);
}

/** True where no command was named: the help that went to standard error says it all. */
function isBareGroup(thrown: unknown): boolean {
  return thrown instanceof CommanderError && thrown.code === 'commander.help' && thrown.exitCode !== 0;
}

/** Anything thrown as an error of ours; undefined where commander ended after showing help or version. */
function fromCommander(thrown: unknown): MusterError | undefined {
  if (!(thrown instanceof CommanderError)) return asMusterError(thrown);
  if (thrown.exitCode === 0) return undefined;
  return new CliError('usage', sentence(thrown.message), { cause: thrown });
}

/** Commander's `error: unknown option '--x'\n(Did you mean ...?)` as our errors are written. */
function sentence(message: string): string {
  const text = message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/\.$/, '');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
