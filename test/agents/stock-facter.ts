import { spawnSync } from 'node:child_process';
import type { JsonObject } from '../../core/index.ts';

/** What the facter installed on this machine says. It may exit 1 with complete facts. */
export function stockFacter(...args: readonly string[]): JsonObject {
  const result = spawnSync('facter', ['--json', ...args], { encoding: 'utf8' });
  if (result.error !== undefined) {
    throw new Error('These tests compare with the real Facter: install the Debian package facter', {
      cause: result.error,
    });
  }
  return JSON.parse(result.stdout) as JsonObject;
}
