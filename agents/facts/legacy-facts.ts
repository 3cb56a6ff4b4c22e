import { isJsonObject, type Json, type JsonObject, valueAt } from '../../core/index.ts';
import { emptyFacts } from './fact-values.ts';
import { mebibytes } from './units.ts';

/*
 * Facter's flat names of old, as `facter --show-legacy` gives them, from the structured facts. MCollective's filters
 * and old manifests ask for them. One table, so that both kinds of gathering give the same.
 */

/** Legacy name, and the structured fact it copies (Facter 4, `ALIASES` of facts/linux). */
const COPIES: readonly (readonly [string, string])[] = [
  ['architecture', 'os.architecture'],
  ['augeasversion', 'augeas.version'],
  ['bios_release_date', 'dmi.bios.release_date'],
  ['bios_vendor', 'dmi.bios.vendor'],
  ['bios_version', 'dmi.bios.version'],
  ['boardassettag', 'dmi.board.asset_tag'],
  ['boardmanufacturer', 'dmi.board.manufacturer'],
  ['boardproductname', 'dmi.board.product'],
  ['boardserialnumber', 'dmi.board.serial_number'],
  ['chassisassettag', 'dmi.chassis.asset_tag'],
  ['chassistype', 'dmi.chassis.type'],
  ['domain', 'networking.domain'],
  ['fqdn', 'networking.fqdn'],
  ['gid', 'identity.group'],
  ['hardwareisa', 'processors.isa'],
  ['hardwaremodel', 'os.hardware'],
  ['hostname', 'networking.hostname'],
  ['id', 'identity.user'],
  ['ipaddress', 'networking.ip'],
  ['ipaddress6', 'networking.ip6'],
  ['lsbdistcodename', 'os.distro.codename'],
  ['lsbdistdescription', 'os.distro.description'],
  ['lsbdistid', 'os.distro.id'],
  ['lsbdistrelease', 'os.distro.release.full'],
  ['lsbmajdistrelease', 'os.distro.release.major'],
  ['lsbminordistrelease', 'os.distro.release.minor'],
  ['lsbrelease', 'os.distro.specification'],
  ['macaddress', 'networking.mac'],
  ['manufacturer', 'dmi.manufacturer'],
  ['memoryfree', 'memory.system.available'],
  ['memorysize', 'memory.system.total'],
  ['netmask', 'networking.netmask'],
  ['netmask6', 'networking.netmask6'],
  ['network', 'networking.network'],
  ['network6', 'networking.network6'],
  ['operatingsystem', 'os.name'],
  ['operatingsystemmajrelease', 'os.release.major'],
  ['operatingsystemrelease', 'os.release.full'],
  ['osfamily', 'os.family'],
  ['physicalprocessorcount', 'processors.physicalcount'],
  ['processorcount', 'processors.count'],
  ['productname', 'dmi.product.name'],
  ['rubyplatform', 'ruby.platform'],
  ['rubysitedir', 'ruby.sitedir'],
  ['rubyversion', 'ruby.version'],
  ['scope6', 'networking.scope6'],
  ['selinux', 'os.selinux.enabled'],
  ['selinux_config_mode', 'os.selinux.config_mode'],
  ['selinux_config_policy', 'os.selinux.config_policy'],
  ['selinux_current_mode', 'os.selinux.current_mode'],
  ['selinux_enforced', 'os.selinux.enforced'],
  ['selinux_policyversion', 'os.selinux.policy_version'],
  ['serialnumber', 'dmi.product.serial_number'],
  ['swapfree', 'memory.swap.available'],
  ['swapsize', 'memory.swap.total'],
  ['uptime', 'system_uptime.uptime'],
  ['uptime_days', 'system_uptime.days'],
  ['uptime_hours', 'system_uptime.hours'],
  ['uptime_seconds', 'system_uptime.seconds'],
  ['uuid', 'dmi.product.uuid'],
];

/** Legacy name in MiB, and the structured fact in bytes. */
const IN_MEBIBYTES: readonly (readonly [string, string])[] = [
  ['memoryfree_mb', 'memory.system.available_bytes'],
  ['memorysize_mb', 'memory.system.total_bytes'],
  ['swapfree_mb', 'memory.swap.available_bytes'],
  ['swapsize_mb', 'memory.swap.total_bytes'],
];

/** A legacy name for each key of a structured map: `ipaddress_eth0`, `blockdevice_sda_size`. */
const PER_KEY: readonly { readonly map: string; readonly name: (key: string) => string; readonly field: string }[] = [
  ...(
    [
      ['ipaddress', 'ip'],
      ['ipaddress6', 'ip6'],
      ['macaddress', 'mac'],
      ['mtu', 'mtu'],
      ['netmask', 'netmask'],
      ['netmask6', 'netmask6'],
      ['network', 'network'],
      ['network6', 'network6'],
      ['scope6', 'scope6'],
    ] as const
  ).map(([prefix, field]) => ({
    map: 'networking.interfaces',
    name: (key: string) => `${prefix}_${key}`,
    field,
  })),
  ...(
    [
      ['model', 'model'],
      ['size', 'size_bytes'],
      ['vendor', 'vendor'],
    ] as const
  ).map(([suffix, field]) => ({ map: 'disks', name: (key: string) => `blockdevice_${key}_${suffix}`, field })),
  { map: 'ssh', name: (key) => `ssh${key}key`, field: 'key' },
];

/** The legacy names for structured facts. What a structured fact lacks, its legacy name lacks too. */
export function legacyFacts(structured: JsonObject): JsonObject {
  const legacy = emptyFacts();
  const at = (path: string): Json | undefined => valueAt(structured, path.split('.'));
  const set = (name: string, value: Json | undefined): void => {
    if (value !== undefined && value !== null) legacy[name] = value;
  };
  const mapAt = (path: string): JsonObject => {
    const value = at(path);
    return isJsonObject(value) ? value : {};
  };

  for (const [name, path] of COPIES) set(name, at(path));
  for (const [name, path] of IN_MEBIBYTES) {
    const bytes = at(path);
    if (typeof bytes === 'number') set(name, mebibytes(bytes));
  }
  for (const { map, name, field } of PER_KEY) {
    for (const [key, value] of Object.entries(mapAt(map))) set(name(key), valueAt(value, [field]));
  }
  set('interfaces', joined(Object.keys(mapAt('networking.interfaces')).sort()));
  set('blockdevices', joined(Object.keys(mapAt('disks'))));
  const models = at('processors.models');
  if (Array.isArray(models)) for (const [i, model] of models.entries()) set(`processor${i}`, model as Json);
  for (const [key, value] of Object.entries(mapAt('ssh'))) {
    const prints = ['sha1', 'sha256'].map((kind) => valueAt(value, ['fingerprints', kind]));
    if (prints.every((print) => typeof print === 'string')) set(`sshfp_${key}`, prints.join('\n'));
  }
  const domains = at('xen.domains');
  if (Array.isArray(domains)) set('xendomains', domains.join(','));
  const dhcp = dhcpServers(at('networking.dhcp'), mapAt('networking.interfaces'));
  set('dhcp_servers', dhcp);
  return legacy;
}

function joined(names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : names.join(',');
}

function dhcpServers(system: Json | undefined, interfaces: JsonObject): JsonObject | undefined {
  const servers = emptyFacts();
  if (typeof system === 'string') servers.system = system;
  for (const [name, value] of Object.entries(interfaces)) {
    const server = valueAt(value, ['dhcp']);
    if (typeof server === 'string') servers[name] = server;
  }
  return Object.keys(servers).length === 0 ? undefined : servers;
}
