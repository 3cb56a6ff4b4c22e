import { release, type } from 'node:os';
import type { JsonObject } from '../../../core/index.ts';
import { defined, type SystemFiles } from './system-files.ts';

/** `kernel`, `kernelrelease`, `kernelversion`, `kernelmajversion`. */
export async function kernelFacts(kernel: string = type(), kernelrelease: string = release()): Promise<JsonObject> {
  return {
    kernel,
    kernelrelease,
    kernelversion: (kernelrelease.match(/\d+/g) ?? []).slice(0, 3).join('.'),
    kernelmajversion: kernelrelease.split('.').slice(0, 2).join('.'),
  };
}

/** `filesystems` the kernel can mount from a device, and `fips_enabled`. */
export async function kernelFeatureFacts(files: SystemFiles): Promise<JsonObject> {
  const filesystems = (await files.read('/proc/filesystems'))
    ?.split('\n')
    .map((line) => line.split(/\s+/).filter(Boolean))
    .filter((words) => words.length === 1 && words[0] !== 'fuseblk')
    .flat()
    .sort()
    .join(',');
  return defined({
    filesystems: filesystems === '' ? undefined : filesystems,
    fips_enabled: (await files.readTrimmed('/proc/sys/crypto/fips_enabled')) === '1',
  });
}
