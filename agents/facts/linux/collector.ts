import type { JsonObject } from '../../../core/index.ts';
import type { FactSource } from '../fact-source.ts';
import { loadFacts, timezoneFacts, uptimeFacts } from './clock-facts.ts';
import { diskFacts, partitionFacts } from './disk-facts.ts';
import { dmiFacts } from './dmi-facts.ts';
import { kernelFacts, kernelFeatureFacts } from './kernel-facts.ts';
import { memoryFacts } from './memory-facts.ts';
import { mountFacts } from './mount-facts.ts';
import { networkFacts } from './network-facts.ts';
import { osFacts } from './os-facts.ts';
import { processorFacts } from './processor-facts.ts';
import { sshFacts } from './ssh-facts.ts';
import { type SystemFiles, systemFiles } from './system-files.ts';
import { userFacts } from './user-facts.ts';
import { virtualFacts } from './virtual-facts.ts';

/** The parts of our own collector, one source each, so that one that fails or hangs takes no other with it. */
const PARTS: Readonly<Record<string, (files: SystemFiles, signal: AbortSignal) => Promise<JsonObject>>> = {
  os: (files) => osFacts(files),
  kernel: () => kernelFacts(),
  kernelfeatures: kernelFeatureFacts,
  networking: (files, signal) => networkFacts(files, signal),
  memory: memoryFacts,
  processors: (files) => processorFacts(files),
  disks: diskFacts,
  partitions: partitionFacts,
  mountpoints: (files, signal) => mountFacts(files, signal),
  dmi: dmiFacts,
  virtual: virtualFacts,
  uptime: uptimeFacts,
  load: loadFacts,
  timezone: (_, signal) => timezoneFacts(signal),
  ssh: sshFacts,
  identity: userFacts,
};

/** Our own collector of Facter 4's structured facts on Linux, as sources `linux.os`, `linux.networking`, ... */
export function linuxSources(files: SystemFiles = systemFiles()): readonly FactSource[] {
  return Object.entries(PARTS).map(([part, read]) => ({
    name: `linux.${part}`,
    layer: 'own',
    read: async ({ signal }) => ({ facts: await read(files, signal) }),
  }));
}
