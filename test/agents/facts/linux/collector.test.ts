import { describe, expect, test } from 'vitest';
import { createGatherer } from '../../../../agents/facts/gather.ts';
import { linuxSources } from '../../../../agents/facts/linux/collector.ts';
import { splitFacts } from '../../../../agents/facts/redact.ts';
import { compileVolatile, type Json, type JsonObject, silentLogger, VOLATILE_FACTS } from '../../../../core/index.ts';
import { stockFacter } from '../../stock-facter.ts';

/** Paths, as their segments joined by `|`, that may differ between Facter and our collector, and why. */
const ALLOWED: readonly (readonly [RegExp, string])[] = [
  [/^(facterversion|aio_agent_version)$/, 'versions of Facter and of Puppet’s package are not ours'],
  [/^(ruby\||ruby(platform|sitedir|version)$|augeas)/, 'we have no Ruby and no Augeas'],
  [/^path$/, 'the PATH of whoever runs it says nothing of the machine'],
  [/^hypervisors\|/, 'virtual and is_virtual say what is asked for'],
  [/^(cloud|ec2_|az_metadata|gce|xen|zfs|zpool)/, 'asks a metadata service or a product’s own command'],
  [/^(processors\|isa|hardwareisa)$/, 'uname -p, which Facter prints, says unknown on Debian; ours is the machine'],
  [/^(is_)?virtual$/, 'Facter 4.3 fails where /proc/1/environ is closed, and knows no container of cgroup 2'],
  [/^(system_uptime\||uptime)/, 'as virtual: Facter asks first whether it is in a container'],
  [/^dhcp_servers\|/, 'Facter gives {system: null} where no server is known; we leave the name out'],
  [/^(lsbdist(id|codename|description)|lsbrelease|os\|distro\|specification)$/, 'Facter needs the package lsb-release'],
  [/^disks\|[^|]+\|(serial|wwn)$/, 'Facter asks lsblk, we read udev’s records, which may be switched off'],
  [/^partitions\|[^|]+\|(filesystem|uuid|label|partuuid|partlabel)$/, 'as for disks, with blkid'],
];

/** Facts by path, volatile ones by their type alone: two runs cannot agree on more. */
function comparable(facts: JsonObject): Readonly<Record<string, string>> {
  const { rest, taken } = splitFacts(facts, compileVolatile(VOLATILE_FACTS));
  const paths: Record<string, string> = {};
  const walk = (value: Json, path: string, shown: (value: Json) => string): void => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [key, below] of Object.entries(value)) walk(below, path === '' ? key : `${path}|${key}`, shown);
    } else paths[path] = shown(value);
  };
  walk(rest, '', (value) => JSON.stringify(value));
  walk(taken, '', (value) => `a ${typeof value}`);
  return paths;
}

function differences(own: JsonObject, stock: JsonObject): readonly string[] {
  const ours = comparable(own);
  const theirs = comparable(stock);
  return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])]
    .filter((path) => ours[path] !== theirs[path] && !ALLOWED.some(([pattern]) => pattern.test(path)))
    .map((path) => `${path}: Facter ${theirs[path]}, ours ${ours[path]}`);
}

describe('our own collector', () => {
  test('gives the same names, types and stable values as the real Facter on this machine', async () => {
    const gatherer = createGatherer({
      sources: linuxSources(),
      timeLimitMs: 10_000,
      redact: [],
      volatile: [],
      logger: silentLogger(),
    });
    let found: readonly string[] = [];
    // Something may be mounted or plugged between the two looks; what remains after three is a difference.
    for (let look = 0; look < 3; look++) {
      const { facts, failed } = await gatherer.gather();
      expect(failed).toEqual([]);
      expect(Object.keys(facts).length).toBeGreaterThan(60);
      found = differences(facts, stockFacter('--show-legacy'));
      if (found.length === 0) break;
    }
    expect(found).toEqual([]);
  });

  test('gives every part the page promises', async () => {
    const facts: Record<string, Json> = {};
    for (const source of linuxSources()) {
      Object.assign(facts, (await source.read({ signal: AbortSignal.timeout(5000) })).facts);
    }
    expect(Object.keys(facts)).toEqual(
      expect.arrayContaining([
        ...['os', 'kernel', 'kernelrelease', 'kernelversion', 'kernelmajversion', 'networking', 'memory', 'processors'],
        ...['mountpoints', 'timezone', 'virtual', 'is_virtual', 'system_uptime', 'load_averages', 'identity'],
        ...['filesystems', 'fips_enabled'],
      ]),
    );
    expect(facts.os).toMatchObject({
      name: expect.any(String),
      family: expect.any(String),
      hardware: expect.any(String),
    });
    expect(facts.networking).toMatchObject({ hostname: expect.any(String), fqdn: expect.any(String) });
  });
});
