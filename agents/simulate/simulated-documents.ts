import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { isJsonObject, type Json, type JsonObject, type Registration, shownValue } from '../../core/index.ts';
import { AgentError } from '../agent-error.ts';
import { bytesText, uptimeText } from '../facts/units.ts';

/** Documents of simulated nodes, as JSON texts, so that a hundred thousand fit into memory. */
export interface SimulatedDocuments {
  readonly count: number;
  /** The document of node `i`, a new object each time. */
  document(i: number): Registration;
}

/** Random numbers that are the same for the same seed (splitmix32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** A seed from texts and numbers (FNV-1a): three of them stand behind each registration, so it must be cheap. */
export function seedOf(...parts: readonly (string | number)[]): number {
  const text = parts.join('\n');
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

const SYSTEMS = [
  { name: 'Debian', family: 'Debian', full: '12.11', major: '12', codename: 'bookworm', kernel: '6.1.0-37-amd64' },
  { name: 'Ubuntu', family: 'Debian', full: '24.04', major: '24.04', codename: 'noble', kernel: '6.8.0-60-generic' },
  { name: 'Rocky', family: 'RedHat', full: '9.5', major: '9', codename: 'Blue Onyx', kernel: '5.14.0-503.el9' },
  {
    name: 'AlmaLinux',
    family: 'RedHat',
    full: '8.10',
    major: '8',
    codename: 'Cerulean Leopard',
    kernel: '4.18.0-553.el8',
  },
] as const;
const DUTIES = {
  web: ['nginx', 'certificates'],
  app: ['java', 'tomcat'],
  db: ['postgresql', 'postgresql::backup'],
  queue: ['rabbitmq'],
  cache: ['redis'],
  edge: ['haproxy', 'keepalived'],
} as const;
const EVERYWHERE = ['settings', 'base', 'base::packages', 'ntp', 'ssh', 'sudo', 'users', 'syslog'];
const ENVIRONMENTS = ['production', 'production', 'production', 'staging', 'development'] as const;
const SITES = ['ams', 'dub', 'fra', 'lon'] as const;
const GIB = 2 ** 30;

/** A made-up fleet in the shape of Facter's facts, the same for the same seed. */
export function generatedDocuments(count: number, seed: number): SimulatedDocuments {
  return { count, document: (i) => generated(i, seed) };
}

function generated(i: number, seed: number): Registration {
  const random = seededRandom(seedOf(seed, i));
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const system = pick(SYSTEMS);
  const duty = pick(Object.keys(DUTIES) as (keyof typeof DUTIES)[]);
  const site = pick(SITES);
  const environment = pick(ENVIRONMENTS);
  const hostname = `${duty}${String(i).padStart(6, '0')}`;
  const domain = `${site}.sim.example`;
  const fqdn = `${hostname}.${domain}`;
  const cores = 2 ** (1 + Math.floor(random() * 5));
  const memoryBytes = cores * 4 * GIB;
  const ip = `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
  const mac = `02:53:${[24, 16, 8, 0].map((shift) => ((i >>> shift) & 255).toString(16).padStart(2, '0')).join(':')}`;
  const network = { ip, netmask: '255.0.0.0', network: '10.0.0.0', mac, mtu: 1500 };
  const release = { full: system.full, major: system.major };
  const key = Array.from({ length: 6 }, () =>
    Math.floor(random() * 36 ** 7)
      .toString(36)
      .padStart(7, '0'),
  ).join('');
  return {
    identity: fqdn,
    facts: {
      os: {
        name: system.name,
        family: system.family,
        release,
        distro: { codename: system.codename, id: system.name, release },
        architecture: system.family === 'Debian' ? 'amd64' : 'x86_64',
        hardware: 'x86_64',
        selinux: { enabled: system.family === 'RedHat' },
      },
      kernel: 'Linux',
      kernelrelease: system.kernel,
      networking: {
        hostname,
        domain,
        fqdn,
        primary: 'eth0',
        ...network,
        interfaces: { eth0: { ...network, bindings: [{ address: ip, netmask: '255.0.0.0', network: '10.0.0.0' }] } },
      },
      processors: { count: cores, physicalcount: 1 + (cores >> 4), isa: 'x86_64', models: ['Simulated CPU @ 2.50GHz'] },
      memory: { system: { total: bytesText(memoryBytes), total_bytes: memoryBytes } },
      disks: { sda: { size: '100.00 GiB', size_bytes: 100 * GIB, type: pick(['ssd', 'hdd']), model: 'Simulated' } },
      mountpoints: { '/': { device: '/dev/sda1', filesystem: 'ext4', size: '98.00 GiB', size_bytes: 98 * GIB } },
      ssh: { ed25519: { key, type: 'ssh-ed25519' } },
      virtual: 'kvm',
      is_virtual: true,
      timezone: 'UTC',
      fqdn,
      hostname,
      domain,
      ipaddress: ip,
      macaddress: mac,
      operatingsystem: system.name,
      operatingsystemrelease: system.full,
      osfamily: system.family,
      processorcount: cores,
      memorysize: bytesText(memoryBytes),
      environment,
      site,
      role: duty,
    },
    classes: [...EVERYWHERE, ...DUTIES[duty], `role::${duty}`, `environment::${environment}`],
    agentlist: ['discovery', 'rpcutil'],
    collectives: ['mcollective'],
  };
}

/**
 * Documents from NDJSON, one registration a line, as `muster export` and fleet generators write them.
 * @throws AgentError `registration_invalid` naming the line.
 */
export async function readDocuments(
  from: string | Readable,
  countMax = Number.POSITIVE_INFINITY,
): Promise<SimulatedDocuments> {
  const lines: string[] = [];
  const input = typeof from === 'string' ? createReadStream(from) : from;
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    if (line.trim() === '') continue;
    if (lines.length >= countMax) break;
    let parsed: unknown;
    try {
      parsed = JSON.parse(line);
    } catch (cause) {
      throw badLine(number, `is not JSON: ${shownValue(line)}`, cause);
    }
    if (!isJsonObject(parsed) || typeof parsed.identity !== 'string' || !isJsonObject(parsed.facts)) {
      throw badLine(number, 'has no identity or no facts');
    }
    lines.push(line);
  }
  return { count: lines.length, document: (i) => JSON.parse(lines[i] as string) as Registration };
}

function badLine(number: number, why: string, cause?: unknown): AgentError {
  return new AgentError('registration_invalid', `Line ${number} ${why}`, { field: `line ${number}`, cause });
}

/**
 * The document as node `i` sends it in a round: every volatile fact is another than in the round before, and
 * `facts.simulation.generation` counts how often its content has changed, so that what a store holds can be told apart.
 */
export function documentOfRound(document: Registration, round: number, generation: number, seed: number): Registration {
  const random = seededRandom(seedOf(seed, document.identity, round));
  const facts = document.facts as Record<string, Json>;
  const seconds = 86_400 + round * 300 + Math.floor(random() * 299);
  const hours = Math.floor(seconds / 3600);
  const uptime = uptimeText(seconds);
  const load = (): number => Math.round(random() * 800) / 100;
  const used = Math.floor(random() * 0.9 * totalMemory(facts));
  return {
    ...document,
    facts: {
      ...facts,
      simulation: { generation },
      load_averages: { '1m': load(), '5m': load(), '15m': load() },
      system_uptime: { seconds, hours, days: Math.floor(hours / 24), uptime },
      uptime,
      uptime_seconds: seconds,
      uptime_hours: hours,
      uptime_days: Math.floor(hours / 24),
      memoryfree: bytesText(totalMemory(facts) - used),
      memory: withMemory(facts.memory, used, totalMemory(facts)),
    },
  };
}

const MEMORY_WITHOUT_FACT = 4 * GIB;

function totalMemory(facts: JsonObject): number {
  const system = isJsonObject(facts.memory) ? facts.memory.system : undefined;
  const total = isJsonObject(system) ? system.total_bytes : undefined;
  return typeof total === 'number' ? total : MEMORY_WITHOUT_FACT;
}

function withMemory(memory: Json | undefined, used: number, total: number): JsonObject {
  const before = isJsonObject(memory) ? memory : {};
  const system = isJsonObject(before.system) ? before.system : {};
  return {
    ...before,
    system: {
      ...system,
      used: bytesText(used),
      used_bytes: used,
      available: bytesText(total - used),
      available_bytes: total - used,
      capacity: `${((100 * used) / total).toFixed(2)}%`,
    },
  };
}
