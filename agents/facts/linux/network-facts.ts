import { networkInterfaces } from 'node:os';
import type { Json, JsonObject } from '../../../core/index.ts';
import { runCommand } from '../subprocess.ts';
import { isSecondChoice, networkOf, scope6, shortAddress } from './addresses.ts';
import { hostNames } from './hostname.ts';
import { defined, type SystemFiles } from './system-files.ts';

/** One address of one interface. */
export interface InterfaceAddress {
  /** The interface, or its label where it has one (`eth0:1`). */
  readonly name: string;
  readonly address: string;
  readonly prefix: number;
}

type Interface = Record<string, Json>;

const NET_FOLDER = '/sys/class/net';
const DHCLIENT_FOLDERS = ['/var/lib/dhclient', '/var/lib/dhcp', '/var/lib/dhcp3', '/var/lib/NetworkManager', '/var/db'];

/** Flags of IPv6 addresses, in Facter's order and words (linux/if_addr.h). */
const ADDRESS_FLAGS: readonly (readonly [string, number])[] = [
  ['temporary', 0x01],
  ['noad', 0x02],
  ['optimistic', 0x04],
  ['dadfailed', 0x08],
  ['homeaddress', 0x10],
  ['deprecated', 0x20],
  ['tentative', 0x40],
  ['permanent', 0x80],
];

/** `networking`: names, interfaces with all bindings, and the primary interface's values at the top. */
export async function networkFacts(
  files: SystemFiles,
  signal: AbortSignal,
  addresses: (signal: AbortSignal) => Promise<readonly InterfaceAddress[]> = readAddresses,
): Promise<JsonObject> {
  const names = await hostNames(files, signal);
  const interfaces = await readInterfaces(files, await addresses(signal));
  const primary = (await defaultRouteInterface(files)) ?? firstUsable(interfaces);
  const { bindings: _, bindings6: __, ...top } = (primary === undefined ? undefined : interfaces.get(primary)) ?? {};
  return {
    networking: defined<Json>({
      ...names,
      ...top,
      primary,
      interfaces: interfaces.size === 0 ? undefined : Object.fromEntries(interfaces),
    }),
  };
}

/** Addresses by `ip`, which names those of interfaces without a carrier too; by the runtime where `ip` is not installed. */
export async function readAddresses(signal: AbortSignal): Promise<readonly InterfaceAddress[]> {
  try {
    const result = await runCommand({ file: 'ip', args: ['-o', 'addr', 'show'], signal });
    if (result.exitCode === 0) return parseIpAddr(result.stdout.toString('utf8'));
  } catch {
    // Not installed: below.
  }
  return Object.entries(networkInterfaces()).flatMap(([name, list = []]) =>
    list.map(({ address, cidr }) => ({ name, address, prefix: Number(cidr?.split('/')[1] ?? 0) })),
  );
}

/** Lines of `ip -o addr show`: `4: eth0    inet 192.0.2.2/24 brd 192.0.2.255 scope global eth0\ ...`. */
export function parseIpAddr(text: string): readonly InterfaceAddress[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\d+:\s+(\S+)\s+(inet6?)\s+([0-9a-fA-F:.]+)(?:\s+peer\s+[0-9a-fA-F:.]+)?(?:\/(\d+))?/.exec(line);
    const [, device, family, address, prefix] = match ?? [];
    if (device === undefined || address === undefined) return [];
    const label = family === 'inet' ? /\s(\S+)\\/.exec(line)?.[1] : undefined;
    const name = label?.startsWith(`${device}:`) ? label : (device.split('@')[0] as string);
    return [{ name, address, prefix: Number(prefix ?? (family === 'inet' ? 32 : 128)) }];
  });
}

async function readInterfaces(
  files: SystemFiles,
  addresses: readonly InterfaceAddress[],
): Promise<Map<string, Interface>> {
  const devices = await Promise.all(
    (await files.list(NET_FOLDER)).map(async (name) => ({
      name,
      index: Number((await files.readTrimmed(`${NET_FOLDER}/${name}/ifindex`)) ?? Number.NaN),
    })),
  );
  const interfaces = new Map<string, Interface>();
  // bonding_masters and the like are files beside the interfaces.
  for (const { name, index } of devices.filter((one) => !Number.isNaN(one.index)).sort((a, b) => a.index - b.index)) {
    const mtu = await files.readTrimmed(`${NET_FOLDER}/${name}/mtu`);
    interfaces.set(
      name,
      defined<Json>({
        mac: await hardwareAddress(files, name),
        mtu: mtu === undefined ? undefined : Number(mtu),
        dhcp: await dhcpServer(files, name, index),
      }),
    );
  }
  const flags = await addressFlags(files);
  for (const { name, address, prefix } of addresses) {
    const found = interfaces.get(name) ?? {};
    interfaces.set(name, found);
    const six = address.includes(':');
    const key = six ? 'bindings6' : 'bindings';
    const short = shortAddress(address);
    const binding: Json = {
      address: short,
      ...networkOf(address, prefix),
      ...(six ? { scope6: scope6(address), ...flagsOf(flags.get(`${name} ${short}`)) } : {}),
    };
    found[key] = [...((found[key] as readonly Json[] | undefined) ?? []), binding];
  }
  for (const found of interfaces.values()) addMain(found);
  return interfaces;
}

function flagsOf(flags: readonly string[] | undefined): { readonly flags?: readonly string[] } {
  return flags === undefined ? {} : { flags };
}

/** An interface's own `ip`, `netmask`, ...: those of its first address that is not loopback, link-local or unique-local. */
function addMain(found: Interface): void {
  for (const [key, suffix] of [
    ['bindings', ''],
    ['bindings6', '6'],
  ] as const) {
    const bindings = (found[key] as readonly JsonObject[] | undefined) ?? [];
    const main = bindings.find(({ address }) => !isSecondChoice(address as string)) ?? bindings[0];
    if (main === undefined) continue;
    found[`ip${suffix}`] = main.address as Json;
    found[`netmask${suffix}`] = main.netmask as Json;
    found[`network${suffix}`] = main.network as Json;
    if (main.scope6 !== undefined) found.scope6 = main.scope6;
  }
}

/** The address burnt into the card: an interface of a bond shows the bond's, the bond knows the card's. */
async function hardwareAddress(files: SystemFiles, name: string): Promise<string | undefined> {
  const master = (await files.link(`${NET_FOLDER}/${name}/master`))?.split('/').at(-1);
  const bond = master === undefined ? undefined : await files.read(`/proc/net/bonding/${master}`);
  const part = bond?.split('Slave Interface: ').find((text) => text.split('\n', 1)[0]?.trim() === name);
  const mac =
    /Permanent HW addr: (\S+)/.exec(part ?? '')?.[1] ?? (await files.readTrimmed(`${NET_FOLDER}/${name}/address`));
  return mac !== undefined && /^([0-9A-Fa-f]{2}[:-]){5,19}[0-9A-Fa-f]{2}$/.test(mac) && /[1-9A-Fa-f]/.test(mac)
    ? mac
    : undefined;
}

async function dhcpServer(files: SystemFiles, name: string, index: number): Promise<string | undefined> {
  const lease = await files.read(`/run/systemd/netif/leases/${index}`);
  const bySystemd = /^SERVER_ADDRESS=(.+)$/m.exec(lease ?? '')?.[1];
  if (bySystemd !== undefined) return bySystemd;
  for (const folder of DHCLIENT_FOLDERS) {
    for (const file of await files.list(folder)) {
      const internal = file.startsWith('internal') && file.endsWith(`${name}.lease`);
      if (!internal && !/dhclient.*\.lease/.test(file)) continue;
      const text = (await files.read(`${folder}/${file}`)) ?? '';
      const server = internal
        ? /^SERVER_ADDRESS=(.+)$/m.exec(text)?.[1]
        : text.includes(`interface "${name}"`)
          ? /dhcp-server-identifier ([\d.]+)/.exec(text)?.[1]
          : undefined;
      if (server !== undefined) return server;
    }
  }
  return undefined;
}

/** Flags by `interface address`, from /proc/net/if_inet6. */
async function addressFlags(files: SystemFiles): Promise<ReadonlyMap<string, readonly string[]>> {
  const flags = new Map<string, readonly string[]>();
  for (const line of ((await files.read('/proc/net/if_inet6')) ?? '').split('\n')) {
    const [hex, , , , bits, name] = line.trim().split(/\s+/);
    if (hex === undefined || bits === undefined || name === undefined) continue;
    const address = shortAddress((hex.match(/.{4}/g) ?? []).join(':'));
    const set = ADDRESS_FLAGS.filter(([, bit]) => (Number.parseInt(bits, 16) & bit) !== 0).map(([word]) => word);
    flags.set(`${name} ${address}`, set);
  }
  return flags;
}

async function defaultRouteInterface(files: SystemFiles): Promise<string | undefined> {
  const lines = ((await files.read('/proc/net/route')) ?? '').split('\n').slice(1);
  for (const line of lines) {
    const route = line.trim().split('\t');
    // `*` is a blackhole, not an interface.
    if (route[1] === '00000000' && route[7] === '00000000' && route[0] !== '*') return route[0];
  }
  return undefined;
}

function firstUsable(interfaces: ReadonlyMap<string, Interface>): string | undefined {
  for (const [name, found] of interfaces) {
    for (const key of ['bindings', 'bindings6']) {
      const bindings = (found[key] as readonly JsonObject[] | undefined) ?? [];
      if (bindings.some(({ address }) => !isSecondChoice(address as string))) return name;
    }
  }
  return undefined;
}
