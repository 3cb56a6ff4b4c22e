import { Command, type OptionValues } from 'commander';
import type { CommandIo } from './io.ts';

/** What stood on the command line, as a command's `read` gets it. */
export interface CommandLine {
  /** Words that are no flags and no values of flags, in order. */
  readonly words: readonly string[];
  readonly flags: OptionValues;
  /** What followed `--`, for commands that pass it on. */
  readonly rest: readonly string[];
}

/** One command: its flags, how they are read into a record, and what it does with the record. */
export interface CommandDefinition<Options> {
  readonly name: string;
  /** Names under which it is installed beside `muster NAME`. */
  readonly seedNames?: readonly string[];
  readonly summary: string;
  /** Lines that show how it is used; `%` stands for the words it was called by. */
  readonly examples: readonly string[];
  /** Arguments as commander writes them: `<fact>`, `[words...]`. */
  readonly usage?: string;
  /** True where what follows `--` is kept apart. */
  readonly takesRest?: boolean;
  declare(command: Command): void;
  read(line: CommandLine, io: CommandIo): Options;
  /** Gives the exit status. Throws MusterErrors. */
  run(options: Options, io: CommandIo): Promise<number>;
}

/** A call of a command, read but not yet run. */
export interface Invocation {
  readonly run: (io: CommandIo) => Promise<number>;
}

/** A command or a group of them, as the table holds it. */
export interface AnyCommand {
  readonly name: string;
  readonly seedNames: readonly string[];
  readonly summary: string;
  readonly takesRest: boolean;
  readonly examples: readonly string[];
  /** Makes commander's form of it, called `name`; what is called on it goes to `found`. */
  build(name: string, rest: readonly string[], found: (invocation: Invocation) => void): Command;
}

/** Makes a definition fit for the table. */
export function defineCommand<Options>(definition: CommandDefinition<Options>): AnyCommand {
  const { name, seedNames = [], summary, takesRest = false } = definition;
  return {
    name,
    seedNames,
    summary,
    takesRest,
    examples: definition.examples,
    build(calledBy, rest, found) {
      const command = new Command(calledBy).description(summary).helpOption('-h, --help', 'Show this help');
      if (definition.usage !== undefined) command.arguments(definition.usage);
      definition.declare(command);
      leadWithExamples(command, definition.examples);
      command.action(() => {
        const line = { words: command.args, flags: command.opts(), rest };
        found({ run: async (io) => definition.run(definition.read(line, io), io) });
      });
      return command;
    },
  };
}

/** A command that only holds others: `muster node retire`. Its help leads with an example of each. */
export function defineGroup(name: string, summary: string, members: readonly AnyCommand[]): AnyCommand {
  const examples = members.flatMap((member) => member.examples.slice(0, 1));
  return {
    name,
    seedNames: [],
    summary,
    takesRest: false,
    examples,
    build(calledBy, rest, found) {
      const command = new Command(calledBy).description(summary).helpOption('-h, --help', 'Show this help');
      command.helpCommand(...HELP_COMMAND);
      leadWithExamples(command, examples);
      for (const member of members) command.addCommand(member.build(member.name, rest, found));
      return command;
    },
  };
}

/** The words and the line of the command that shows the help of another. */
export const HELP_COMMAND: readonly [string, string] = ['help [command]', 'Show the help of a command'];

/** Puts examples at the head of a command's help. */
export function leadWithExamples(command: Command, examples: readonly string[]): void {
  if (examples.length === 0) return;
  command.addHelpText('before', () => {
    const words: string[] = [];
    for (let at: Command | null = command; at !== null; at = at.parent) words.unshift(at.name());
    return `Examples:\n${examples.map((line) => `  ${line.replaceAll('%', words.join(' '))}\n`).join('')}`;
  });
}
