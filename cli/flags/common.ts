import { type Command, Option, type OptionValues } from 'commander';
import { createClient, type ServiceClient } from '../../client/index.ts';
import { durationMs } from '../../core/index.ts';
import { CliError } from '../errors.ts';
import type { CommandIo } from '../io.ts';
import { clientSettings } from '../settings/client-settings.ts';

/** Flags that every command asking the service has. */
export interface CommonOptions {
  readonly configFile: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** Declares them. `--no-color` is read by main before a command is known, so that errors of flags obey it too. */
export function declareCommon(command: Command): void {
  command
    .option('-c, --config <file>', 'Configuration file')
    .option('-t, --timeout <time>', 'How long to wait for the service: seconds, or 250ms, 2m')
    .option('-q, --quiet', 'Say nothing beside the answer and errors')
    .option('-v, --verbose', 'Say more')
    .option('-j, --json', 'Print JSON')
    .option('--no-color', 'No colours; NO_COLOR=1 does the same');
}

/** Reads them. */
export function readCommon(flags: OptionValues): CommonOptions {
  return {
    configFile: flags.config,
    timeoutMs: flags.timeout === undefined ? undefined : timeoutMs(flags.timeout),
    json: flags.json === true,
    quiet: flags.quiet === true,
    verbose: flags.verbose === true,
  };
}

/** MCollective's -t is in seconds; a unit may follow. */
function timeoutMs(text: string): number {
  const ms = durationMs(/^\d+(\.\d+)?$/.test(text) ? `${text}s` : text, '--timeout');
  if (ms === 0) {
    throw new CliError('argument_invalid', `--timeout is ${text}, a time above 0 was expected`, {
      field: '--timeout',
      value: text,
      remedy: 'Give seconds, or a number with a unit: 5, 250ms, 2m',
    });
  }
  return ms;
}

/** A client for the service that the flags, the environment and the configuration name. */
export async function connect(options: CommonOptions, io: CommandIo): Promise<ServiceClient> {
  const { configFile: file, timeoutMs: wanted } = options;
  return createClient(await clientSettings({ file, env: io.env, timeoutMs: wanted }));
}

/** A flag that may be given several times. */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, description).argParser((value: string, before: readonly string[] | undefined) => [
    ...(before ?? []),
    value,
  ]);
}
