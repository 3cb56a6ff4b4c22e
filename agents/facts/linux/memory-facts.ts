import type { Json, JsonObject } from '../../../core/index.ts';
import { bytesText } from '../units.ts';
import type { SystemFiles } from './system-files.ts';

/** `memory.system` and, where there is swap, `memory.swap`, from /proc/meminfo (Facter 4, resolvers/memory.rb). */
export async function memoryFacts(files: SystemFiles): Promise<JsonObject> {
  const meminfo = await files.read('/proc/meminfo');
  if (meminfo === undefined) return {};
  const bytes = (name: string): number | undefined => {
    const kibibytes = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  };
  const total = bytes('MemTotal');
  if (total === undefined) return {};
  // Before Linux 3.14 there is no MemAvailable.
  const available = bytes('MemAvailable') ?? (bytes('MemFree') ?? 0) + (bytes('Buffers') ?? 0) + (bytes('Cached') ?? 0);
  const memory: Record<string, Json> = { system: usage(total, available) };
  const swap = bytes('SwapTotal') ?? 0;
  if (swap > 0) memory.swap = usage(swap, bytes('SwapFree') ?? 0);
  return { memory };
}

function usage(total: number, available: number): Json {
  const used = total - available;
  return {
    total: bytesText(total),
    total_bytes: total,
    available: bytesText(available),
    available_bytes: available,
    used: bytesText(used),
    used_bytes: used,
    capacity: `${((used / total) * 100).toFixed(2)}%`,
  };
}
