import { existsSync, readFileSync } from 'node:fs';
import type { ClientOptions } from '../../client/index.ts';
import { adminTokenFileOf, DEFAULT_CONFIG_FILE, durationMs } from '../../core/index.ts';
import { CliError } from '../errors.ts';

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
 * The settings of a command that asks the service. Where neither a configuration file nor a MUSTER_ variable is there,
 * the loader, its schema and the YAML reader are not even loaded: that is most of what a lookup would wait for.
 * @throws CoreError `config_invalid`, `config_unreadable`; CliError `key_unreadable`.
 */
export async function clientSettings(input: SettingsInput): Promise<ClientOptions> {
  const config = needsLoader(input) ? await loadFull(input) : defaults(input.env);
  const token = readToken(config);
  const ca = config.ca === undefined ? undefined : readSecret(config.ca, 'client.ca');
  return {
    url: config.url,
    timeoutMs: input.timeoutMs ?? durationMs(config.timeout, 'client.timeout'),
    ...(token === undefined ? {} : { token }),
    ...(ca === undefined ? {} : { ca }),
  };
}

function needsLoader({ file, env }: SettingsInput): boolean {
  if (file !== undefined || existsSync(DEFAULT_CONFIG_FILE)) return true;
  return Object.keys(env).some((name) => name.startsWith('MUSTER_'));
}

async function loadFull(input: SettingsInput): Promise<ClientConfig> {
  const { fullClientConfig } = await import('./full.ts');
  return fullClientConfig(input);
}

function defaults(env: SettingsInput['env']): ClientConfig {
  return { ...CLIENT_DEFAULTS, adminTokenFile: adminTokenFileOf({}, env) };
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

function readSecret(file: string, field: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CliError('key_unreadable', `Cannot read ${field} ${file}: ${(cause as Error).message}`, {
      field,
      value: file,
      cause,
    });
  }
}
