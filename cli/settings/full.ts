import { adminTokenFileOf, loadConfig } from '../../core/index.ts';
import type { ClientConfig, SettingsInput } from './client-settings.ts';

/** The client's part of the whole configuration, checked whole. Stands in a bundle of its own: it holds the YAML reader. */
export function fullClientConfig(input: SettingsInput): ClientConfig {
  const { config } = loadConfig({ file: input.file, env: input.env });
  return { ...config.client, adminTokenFile: adminTokenFileOf(config, input.env) };
}
