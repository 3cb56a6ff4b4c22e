import { readFileSync, statSync } from 'node:fs';
import type { ClientOptions } from '../../client/index.ts';
import { adminTokenFileOf, DEFAULT_CONFIG_FILE, durationMs } from '../../core/index.ts';
import { KNOWN_ENVIRONMENT } from './known-environment.ts';
import { readSecret } from './read-secret.ts';

/** Where settings of a command come from. */
export interface SettingsInput {
  /** Of `--config`; wins over MUSTER_CONFIG. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of `--timeout`, milliseconds; wins over client.timeout. */
  readonly timeoutMs?: number | undefined;
}

/** The part of the configuration that a client needs. */
export interface ClientConfig {
  readonly url: string;
  readonly tokenFile?: string | undefined;
  readonly ca?: string | undefined;
  readonly timeout: string;
  readonly adminTokenFile: string;
}

/** What the schema of core/ has as defaults; a test holds them equal. */
export const CLIENT_DEFAULTS = Object.freeze({ url: 'http://127.0.0.1:8420', timeout: '5s' });

/**
 * The settings of a command that asks the service. Where no configuration file is there, what the environment says of
 * the client is read as it is: loader, schema and YAML reader are most of what a lookup would wait for.
 * @throws CoreError `config_invalid`, `config_unreadable`; CliError `key_unreadable`.
 */
export async function clientSettings(input: SettingsInput): Promise<ClientOptions> {
  const config = fromEnvironment(input) ?? (await loadFull(input));
  const token = readToken(config);
  const ca = config.ca === undefined ? undefined : readSecret(config.ca, 'client.ca');
  return {
    url: config.url,
    timeoutMs: input.timeoutMs ?? durationMs(config.timeout, 'client.timeout'),
    ...(token === undefined ? {} : { token }),
    ...(ca === undefined ? {} : { ca }),
  };
}

async function loadFull(input: SettingsInput): Promise<ClientConfig> {
  const { fullClientConfig } = await import('./full.ts');
  return fullClientConfig(input);
}

/** The client's part from the environment and defaults; undefined where there is a file, or a fault to be told. */
function fromEnvironment({ file, env }: SettingsInput): ClientConfig | undefined {
  if (holdsSettings(file ?? env.MUSTER_CONFIG)) return undefined;
  for (const name in env) {
    if (!name.startsWith('MUSTER_') || isTheirs(name)) continue;
    if (env[name] === '' || !KNOWN_ENVIRONMENT.includes(name)) return undefined;
  }
  return {
    url: env.MUSTER_CLIENT_URL ?? CLIENT_DEFAULTS.url,
    tokenFile: env.MUSTER_CLIENT_TOKEN_FILE,
    ca: env.MUSTER_CLIENT_CA,
    timeout: env.MUSTER_CLIENT_TIMEOUT ?? CLIENT_DEFAULTS.timeout,
    adminTokenFile: adminTokenFileOf(env.MUSTER_DATA_DIR === undefined ? {} : { dataDir: env.MUSTER_DATA_DIR }, env),
  };
}

/** False for an empty file such as /dev/null, and where the default one is not there. */
function holdsSettings(named: string | undefined): boolean {
  const found = statSync(named ?? DEFAULT_CONFIG_FILE, { throwIfNoEntry: false });
  return found === undefined ? named !== undefined : !(found.size === 0 && (found.isFile() || named === '/dev/null'));
}

/** Names that the loader leaves alone too: of tests and benchmarks. */
function isTheirs(name: string): boolean {
  return name.startsWith('MUSTER_TEST_') || name.startsWith('MUSTER_BENCH_');
}

/** A token named by a setting must be readable; the local admin token is used by whoever may read it. */
function readToken(config: ClientConfig): string | undefined {
  if (config.tokenFile !== undefined) return readSecret(config.tokenFile, 'client.tokenFile').trim();
  try {
    return readFileSync(config.adminTokenFile, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
