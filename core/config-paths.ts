import { join } from 'node:path';
import type { Config } from './config-schema.ts';
import { CoreError } from './errors.ts';

/*
 * What commands need of a configuration without loading one: its reader and schema are most of what a lookup would wait for.
 */

/** Where the configuration file is looked for when nothing names one. */
export const DEFAULT_CONFIG_FILE = '/etc/muster/muster.yaml';

/** The data directory of a configuration. */
export function dataDirOf(
  config: Pick<Config, 'dataDir'>,
  env: Readonly<Record<string, string | undefined>> = process.env,
  uid = process.getuid?.(),
): string {
  if (config.dataDir !== undefined) return config.dataDir;
  if (uid === 0) return '/var/lib/muster';
  return env.XDG_DATA_HOME ? join(env.XDG_DATA_HOME, 'muster') : join(env.HOME ?? '.', '.local', 'share', 'muster');
}

/** The directory of the embedded store. */
export function storeDirOf(config: Config): string {
  return config.store.embedded.path ?? join(dataDirOf(config), 'store');
}

/** The file of the local admin token. */
export function adminTokenFileOf(
  config: Pick<Config, 'dataDir'>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  return join(dataDirOf(config, env), 'admin.token');
}

/** Host and port of `127.0.0.1:8420` or `[::1]:8420`.
 * @throws CoreError `config_invalid` */
export function parseListen(text: string, field: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) {
    throw new CoreError(
      'config_invalid',
      `${field} is ${text}, an address and port such as 127.0.0.1:8420 was expected`,
      { field, value: text },
    );
  }
  return { host, port };
}
