import { machine } from 'node:os';
import type { Json, JsonObject } from '../../../core/index.ts';
import { hertzText } from '../units.ts';
import { defined, type SystemFiles } from './system-files.ts';

const CPU_FOLDER = '/sys/devices/system/cpu';

/**
 * `processors`: count, physicalcount, models, speed from /proc/cpuinfo; cores (a socket) and threads (a core) from
 * sysfs, where Facter asks lscpu. `isa` is the machine; `uname -p`, which Facter prints, says "unknown" on Debian.
 */
export async function processorFacts(files: SystemFiles, isa: string = machine()): Promise<JsonObject> {
  const cpuinfo = parseCpuinfo((await files.read('/proc/cpuinfo')) ?? '');
  if (cpuinfo.count === 0) return {};
  const topology = await cpuTopology(files);
  return {
    processors: defined<Json>({
      count: cpuinfo.count,
      physicalcount: cpuinfo.sockets.size || topology.sockets || 1,
      models: cpuinfo.models,
      isa,
      speed: cpuinfo.hertz === undefined ? undefined : hertzText(cpuinfo.hertz),
      cores: topology.coresPerSocket,
      threads: topology.threadsPerCore,
    }),
  };
}

interface Cpuinfo {
  readonly count: number;
  readonly sockets: ReadonlySet<string>;
  readonly models: readonly string[];
  readonly hertz: number | undefined;
}

/** What /proc/cpuinfo says; as in Facter, the speed of the last processor counts. */
function parseCpuinfo(text: string): Cpuinfo {
  let count = 0;
  let hertz: number | undefined;
  const sockets = new Set<string>();
  const models: string[] = [];
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon === -1) continue;
    const name = line.slice(0, colon).trim();
    const value = line.slice(colon + 1).trim();
    if (name === 'processor') count += 1;
    else if (name === 'physical id') sockets.add(value);
    else if (name === 'model name' || name === 'cpu') models.push(value);
    else if (name === 'cpu MHz' || name === 'clock') {
      const megahertz = /^\d+/.exec(value)?.[0];
      if (megahertz !== undefined) hertz = Number(megahertz) * 1_000_000;
    }
  }
  return { count, sockets, models, hertz };
}

interface CpuTopology {
  readonly sockets: number;
  readonly coresPerSocket: number | undefined;
  readonly threadsPerCore: number | undefined;
}

async function cpuTopology(files: SystemFiles): Promise<CpuTopology> {
  const cpus = (await files.list(CPU_FOLDER)).filter((name) => /^cpu\d+$/.test(name));
  const places = await Promise.all(
    cpus.map(async (cpu) => {
      const at = `${CPU_FOLDER}/${cpu}/topology`;
      const socket = await files.readTrimmed(`${at}/physical_package_id`);
      return socket === undefined ? undefined : { socket, core: (await files.readTrimmed(`${at}/core_id`)) ?? cpu };
    }),
  );
  const known = places.filter((place) => place !== undefined);
  const sockets = new Set(known.map((place) => place.socket)).size;
  const cores = new Set(known.map((place) => `${place.socket}/${place.core}`)).size;
  if (sockets === 0) return { sockets, coresPerSocket: undefined, threadsPerCore: undefined };
  return {
    sockets,
    coresPerSocket: Math.round(cores / sockets),
    threadsPerCore: Math.round(known.length / cores),
  };
}
