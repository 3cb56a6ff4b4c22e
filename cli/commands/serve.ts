import { Argument } from 'commander';
import { defineCommand } from '../command.ts';

/** Which parts of the server run in a process. */
export type ServeRole = 'all' | 'registry' | 'query';

/** What `muster serve` is asked. */
export interface ServeOptions {
  readonly configFile: string | undefined;
  readonly role: ServeRole;
  /** Runs an agent for this machine beside the server. */
  readonly withAgent: boolean;
  /** Put before the commands that the greeting shows: `npx`. */
  readonly tryWith: string | undefined;
}

/** `muster serve`: registry, store, broker and query service. */
export const serve = defineCommand<ServeOptions>({
  name: 'serve',
  summary: 'Run the server: registry, store, broker and query service',
  examples: ['%', '% --with-agent', '% --config /etc/muster/muster.yaml', '% query'],
  declare(command) {
    command
      .addArgument(new Argument('[part]', 'Part to run apart').choices(['all', 'registry', 'query']).default('all'))
      .option('-c, --config <file>', 'Configuration file')
      .option('--with-agent', 'Run an agent for this machine beside')
      .option('--no-color', 'No colours')
      .addOption(command.createOption('--try-with <word>').hideHelp());
  },
  read: ({ words, flags }) => ({
    configFile: flags.config,
    role: (words[0] ?? 'all') as ServeRole,
    withAgent: flags.withAgent === true,
    tryWith: flags.tryWith,
  }),
  async run(options, io) {
    const { runServer } = await import('../server/index.ts');
    return runServer(options, io);
  },
});
