import { settingsOf } from '../../core/index.ts';

/** The environment names of every setting. The module exports data alone: the build evaluates it once. */
export const KNOWN_ENVIRONMENT: readonly string[] = ['MUSTER_CONFIG', ...settingsOf().map((setting) => setting.env)];
