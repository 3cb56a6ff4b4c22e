import { durationMs } from '../../core/index.ts';
import { defineCommand } from '../command.ts';
import { noWords } from '../flags/words.ts';

/** What `muster agent` is asked. */
export interface AgentOptions {
  readonly configFile: string | undefined;
  /** Registers once and ends. */
  readonly once: boolean;
  /** How long `once` waits for the registry, milliseconds. */
  readonly timeoutMs: number;
  /** Registers the first time without the random wait. */
  readonly atOnce: boolean;
}

/** `muster agent`: gathers facts and classes of this machine and registers them. */
export const agent = defineCommand<AgentOptions>({
  name: 'agent',
  summary: 'Register this machine, now and at every interval',
  examples: ['% --config /etc/muster/muster.yaml', '% --once'],
  declare(command) {
    command
      .option('-c, --config <file>', 'Configuration file')
      .option('--once', 'Register once and end: 0 when the registry has it on disk')
      .option('-t, --timeout <time>', 'How long --once waits for the registry', '60s')
      .option('--at-once', 'Do not wait a random time before the first registration');
  },
  read({ words, flags }) {
    noWords(words);
    return {
      configFile: flags.config,
      once: flags.once === true,
      timeoutMs: durationMs(flags.timeout, '--timeout'),
      atOnce: flags.atOnce === true,
    };
  },
  async run(options, io) {
    const { runAgent } = await import('../node-side/index.ts');
    return runAgent(options, io);
  },
});
