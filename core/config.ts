import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { DEFAULT_CONFIG_FILE } from './config-paths.ts';
import { type Config, configSchema } from './config-schema.ts';
import { validateConfig } from './config-validator.ts';
import { CoreError } from './errors.ts';
import type { Fault } from './schema-faults.ts';

/** What {@link loadConfig} reads from; the process' own where left out. */
export interface ConfigInput {
  /** From `--config`; wins over `MUSTER_CONFIG`. */
  readonly file?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Settings from flags, by dotted key: `{ 'http.listen': '127.0.0.1:0' }`. They win over all. */
  readonly flags?: Readonly<Record<string, unknown>>;
}

/** A loaded configuration, frozen, and where it came from. */
export interface LoadedConfig {
  readonly config: Config;
  /** Path of the file read, undefined where there is none. */
  readonly file: string | undefined;
}

/**
 * Loads the configuration: flag, environment, file, default, in this order of strength. Checked whole.
 * @throws CoreError `config_unreadable`, or `config_invalid` whose message lists every fault.
 */
export function loadConfig(input: ConfigInput = {}): LoadedConfig {
  const env = input.env ?? process.env;
  const named = input.file ?? env.MUSTER_CONFIG;
  const { settings, file } = readSettings(named);
  const faults: Fault[] = [];
  applyEnvironment(settings, env, faults);
  for (const [key, value] of Object.entries(input.flags ?? {}))
    if (value !== undefined) setAt(settings, key.split('.'), value);
  faults.push(...validateConfig(settings));
  if (faults.length > 0) {
    throw new CoreError(
      'config_invalid',
      `The configuration${file === undefined ? '' : ` ${file}`} has faults: ${faults.map((f) => f.message).join('; ')}`,
      {
        ...(faults[0] === undefined ? {} : { field: faults[0].field, value: faults[0].value }),
      },
    );
  }
  return { config: deepFreeze(settings as Config), file };
}

function readSettings(named: string | undefined): { settings: Record<string, unknown>; file: string | undefined } {
  const file = named ?? DEFAULT_CONFIG_FILE;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (named === undefined && (cause as NodeJS.ErrnoException).code === 'ENOENT')
      return { settings: {}, file: undefined };
    throw new CoreError('config_unreadable', `Cannot read the configuration ${file}: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (text.trim() === '') return { settings: {}, file };
  try {
    const settings: unknown = parseYaml(text) ?? {};
    if (typeof settings === 'object' && settings !== null && !Array.isArray(settings)) {
      return { settings: settings as Record<string, unknown>, file };
    }
  } catch (cause) {
    // The YAML reader draws the line and an arrow below its sentence.
    const [sentence] = (cause as Error).message.split(/:?\s*\n/, 1);
    throw new CoreError('config_invalid', `${file} is not YAML: ${sentence}`, { cause });
  }
  throw new CoreError('config_invalid', `${file} must hold a map of settings`);
}

interface SchemaNode {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly anyOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
  readonly default?: unknown;
  readonly description?: string;
  readonly const?: unknown;
}

/** One setting of the schema: its dotted key, its environment name, default and description. */
export interface Setting {
  readonly key: string;
  readonly env: string;
  readonly byDefault: unknown;
  readonly description: string;
  readonly schema: SchemaNode;
}

/** Every single setting of the schema, in its order. Lists of objects have no environment name: it is empty. */
export function settingsOf(
  schema: SchemaNode = configSchema as SchemaNode,
  path: readonly string[] = [],
): readonly Setting[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, below]) => {
    const key = [...path, name];
    if (below.properties !== undefined) return settingsOf(below, key);
    const plain = below.type !== 'array' || below.items?.properties === undefined;
    const env = plain ? `MUSTER_${key.map((part) => part.replace(/([A-Z])/g, '_$1').toUpperCase()).join('_')}` : '';
    return [{ key: key.join('.'), env, byDefault: below.default, description: below.description ?? '', schema: below }];
  });
}

/** Environment names of ours that are no settings. */
const OTHER_ENVIRONMENT = /^MUSTER_(CONFIG|TEST_|BENCH_)/;

function applyEnvironment(
  settings: Record<string, unknown>,
  env: Readonly<Record<string, string | undefined>>,
  faults: Fault[],
): void {
  const names = Object.keys(env).filter((name) => name.startsWith('MUSTER_') && !OTHER_ENVIRONMENT.test(name));
  if (names.length === 0) return;
  const known = new Map(settingsOf().map((setting) => [setting.env, setting]));
  for (const name of names) {
    const setting = known.get(name);
    const value = env[name] as string;
    if (setting === undefined) {
      faults.push({ field: name, value, message: `the environment variable ${name} is not a known setting` });
    } else {
      setAt(settings, setting.key.split('.'), fromText(value, setting.schema));
    }
  }
}

function fromText(value: string, schema: SchemaNode): unknown {
  if (schema.type === 'array') return value === '' ? [] : value.split(',').map((part) => part.trim());
  if (schema.type === 'integer' || schema.type === 'number')
    return value !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
  if (schema.anyOf?.some((one) => one.const === false) && value === 'false') return false;
  return value;
}

function setAt(settings: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let here = settings;
  for (const part of path.slice(0, -1)) {
    const below = here[part];
    if (typeof below !== 'object' || below === null) here[part] = {};
    here = here[part] as Record<string, unknown>;
  }
  here[path.at(-1) as string] = value;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const below of Object.values(value)) deepFreeze(below);
  return Object.freeze(value);
}
