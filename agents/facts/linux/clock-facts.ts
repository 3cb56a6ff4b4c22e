import type { JsonObject } from '../../../core/index.ts';
import { runCommand } from '../subprocess.ts';
import { uptimeText } from '../units.ts';
import { defined, type SystemFiles } from './system-files.ts';
import { inContainer } from './virtual-facts.ts';

/** Clock ticks a second in /proc/PID/stat; 100 on every Linux that runs Node. */
const TICKS_PER_SECOND = 100;

/** `system_uptime`. In a container it is the container's: since its first process began. */
export async function uptimeFacts(files: SystemFiles): Promise<JsonObject> {
  const machineSeconds = Number((await files.readTrimmed('/proc/uptime'))?.split(' ')[0]);
  if (!Number.isFinite(machineSeconds)) return {};
  const begun = (await inContainer(files)) ? await firstProcessStart(files) : 0;
  const seconds = Math.max(0, Math.floor(machineSeconds - begun));
  const hours = Math.floor(seconds / 3600);
  return { system_uptime: { seconds, hours, days: Math.floor(hours / 24), uptime: uptimeText(seconds) } };
}

/** Seconds after boot at which process 1 started (proc(5), field 22). */
async function firstProcessStart(files: SystemFiles): Promise<number> {
  const stat = (await files.read('/proc/1/stat')) ?? '';
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[19]);
  return Number.isFinite(ticks) ? ticks / TICKS_PER_SECOND : 0;
}

/** `load_averages` of 1, 5 and 15 minutes. */
export async function loadFacts(files: SystemFiles): Promise<JsonObject> {
  const [one, five, fifteen] = ((await files.read('/proc/loadavg')) ?? '').split(' ').map(Number);
  if (one === undefined || five === undefined || fifteen === undefined) return {};
  return { load_averages: { '1m': one, '5m': five, '15m': fifteen } };
}

/** `timezone`, abbreviated, as `date +%Z` prints it; JavaScript's own abbreviations depend on the language. */
export async function timezoneFacts(signal: AbortSignal): Promise<JsonObject> {
  const result = await runCommand({ file: 'date', args: ['+%Z'], signal });
  const timezone = result.stdout.toString('utf8').trim();
  return defined({ timezone: timezone === '' ? undefined : timezone });
}
