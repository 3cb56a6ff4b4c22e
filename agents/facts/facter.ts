import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { isJsonObject } from '../../core/index.ts';
import type { FactSource, SourceReading } from './fact-source.ts';
import { jsonOf, parseJsonFacts } from './fact-values.ts';
import { CommandError, runCommand } from './subprocess.ts';

/** Where Puppet's own packages put facter, which is not on a daemon's PATH. */
const PUPPET_BIN = '/opt/puppetlabs/bin';

/** Settings of {@link facterSource}. */
export interface FacterOptions {
  /** `agent.facter`: a command, with arguments after blanks where wanted (`facter --puppet`). No shell reads it. */
  readonly command: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Where a command is, by PATH and Puppet's own folder; undefined where it is not installed. */
export async function findCommand(name: string, env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const folders = isAbsolute(name) ? [''] : [...(env.PATH ?? '').split(delimiter).filter(Boolean), PUPPET_BIN];
  for (const folder of folders) {
    const file = folder === '' ? name : join(folder, name);
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return file;
  }
  return undefined;
}

/**
 * Facter's own facts, by `facter --json`. Not `--show-legacy`: the legacy names are derived from the structured ones by
 * legacy-facts.ts, so that what is redacted there is gone under both names.
 *
 * Facter 4 exits 1 as soon as it logged one error, with complete JSON on standard output: that output is taken, and
 * what it logged is a warning. A Facter that is not installed gives no facts and is no failure; our own collector has
 * them.
 */
export function facterSource(options: FacterOptions): FactSource {
  const [name = 'facter', ...args] = options.command.split(/\s+/).filter(Boolean);
  return {
    name: 'facter',
    layer: 'facter',
    async read({ signal }): Promise<SourceReading> {
      const file = await findCommand(name, options.env);
      if (file === undefined) {
        if (isAbsolute(name)) throw new CommandError(`${name} is not there or may not be run`, '');
        return { facts: {} };
      }
      const result = await runCommand({
        file,
        args: [...args, '--json'],
        signal,
        env: { ...(options.env ?? process.env), NO_COLOR: '1' },
      });
      return readingOf(file, result.stdout.toString('utf8'), result.stderr, result.exitCode);
    },
  };
}

function readingOf(file: string, stdout: string, stderr: string, exitCode: number | null): SourceReading {
  let parsed: unknown;
  try {
    parsed = parseJsonFacts(stdout);
  } catch (cause) {
    throw new CommandError(`${file} exited ${exitCode} and its output is not JSON`, stderr, cause);
  }
  const facts = jsonOf(parsed);
  if (!isJsonObject(facts) || Object.keys(facts).length === 0) {
    throw new CommandError(`${file} exited ${exitCode} without facts`, stderr);
  }
  return exitCode === 0
    ? { facts }
    : { facts, warnings: [`exited ${exitCode} with complete facts, having said: ${stderr.split('\n')[0] ?? ''}`] };
}
