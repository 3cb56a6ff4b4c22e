import { machine } from 'node:os';
import type { Json, JsonObject } from '../../../core/index.ts';
import { defined, type SystemFiles } from './system-files.ts';

/*
 * `os`: the distribution as Facter 4 names it (resolvers/os_release.rb, facts/{debian,ubuntu,rhel,linux}/os, and
 * util/facts/facts_utils.rb for the families).
 */

const FAMILIES: readonly (readonly [string, RegExp])[] = [
  [
    'RedHat',
    /redhat|rhel|fedora|centos|scientific|ascendos|cloudlinux|psbm|oraclelinux|ovs|oel|amazon|xenserver|xcp-ng|virtuozzo|photon|mariner/i,
  ],
  ['Debian', /debian|ubuntu|huaweios|linuxmint|devuan|kde/i],
  ['Suse', /sles|sled|suse/i],
  ['Gentoo', /gentoo/i],
  ['Archlinux', /arch|manjaro/i],
  ['Mandrake', /mandrake|mandriva|mageia/i],
];

/** The `os` fact. */
export async function osFacts(files: SystemFiles, hardware: string = machine()): Promise<JsonObject> {
  const release = parseOsRelease(
    (await files.read('/etc/os-release')) ?? (await files.read('/usr/lib/os-release')) ?? '',
  );
  const id = release.ID ?? 'linux';
  const family = familyOf(release.ID_LIKE ?? id, id);
  const distro = await distroFacts(files, release, family);
  return {
    os: defined<Json>({
      name: osName(release.NAME ?? id),
      family,
      release: distro.release,
      distro: distro.distro,
      architecture: architectureOf(family, hardware),
      hardware,
      selinux: await selinuxFacts(files),
    }),
  };
}

/** The assignments of an os-release file; quotes taken off (os-release(5)). */
export function parseOsRelease(text: string): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const match = /^\s*([A-Z][A-Z0-9_]*)=(.*)$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) continue;
    const quoted = /^(["'])(.*)\1\s*$/.exec(match[2].trim());
    values[match[1]] = (quoted?.[2] ?? match[2].trim()).replace(/\\(["'$`\\])/g, '$1');
  }
  return values;
}

function familyOf(idLike: string, id: string): string {
  const known =
    FAMILIES.find(([, pattern]) => pattern.test(idLike)) ?? FAMILIES.find(([, pattern]) => pattern.test(id));
  return known?.[0] ?? capitalised(id);
}

/** `Debian GNU/Linux` is Debian, `Red Hat Enterprise Linux` is RedHat, `Arch Linux` is Archlinux. */
function osName(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  const lower = name.toLowerCase();
  if (/^(red|oracle|arch|manjaro)/.test(lower)) {
    const joined = words.slice(0, 2).join('');
    return /^(arch|manjaro)/.test(lower) ? capitalised(joined) : joined;
  }
  if (lower.endsWith('mariner')) return words.at(-1) ?? name;
  const first = words[0] ?? name;
  return first.toLowerCase().startsWith('virtuozzo') ? `${first}Linux` : first;
}

function capitalised(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase();
}

function architectureOf(family: string, hardware: string): string {
  if (family !== 'Debian') return hardware;
  if (hardware === 'x86_64') return 'amd64';
  return /^i[3456]86$|pentium/.test(hardware) ? 'i386' : hardware;
}

async function distroFacts(
  files: SystemFiles,
  release: Readonly<Record<string, string>>,
  family: string,
): Promise<{ readonly release: Json | undefined; readonly distro: Json }> {
  const id = release.ID ?? 'linux';
  const redhat = family === 'RedHat' ? parseRedhatRelease(await files.readTrimmed('/etc/redhat-release')) : undefined;
  if (redhat !== undefined) {
    const version = versionFacts(redhat.version);
    return {
      release: version,
      distro: defined<Json>({
        codename: redhat.codename,
        description: redhat.description,
        id: redhat.id,
        release: version,
      }),
    };
  }
  const debian = id === 'debian' ? await files.readTrimmed('/etc/debian_version') : undefined;
  // Ubuntu's releases are their own major: 22.04 and 22.10 are not one line.
  const version = /^ubuntu/i.test(id) ? wholeVersion(release.VERSION_ID) : versionFacts(debian ?? release.VERSION_ID);
  return {
    release: version,
    distro: defined<Json>({
      codename: release.VERSION_CODENAME ?? codenameOf(release.VERSION),
      description: release.PRETTY_NAME,
      id: capitalised(id),
      release: version,
    }),
  };
}

function codenameOf(version: string | undefined): string | undefined {
  return version === undefined ? undefined : (/\((.*)\)$/.exec(version)?.[1] ?? undefined);
}

function wholeVersion(full: string | undefined): Json | undefined {
  return full === undefined ? undefined : { full, major: full };
}

function versionFacts(full: string | undefined): Json | undefined {
  if (full === undefined) return undefined;
  const [major, minor] = full.split('.');
  return defined<Json>({ full, major, minor: minor?.replace(/^0([1-9])/, '$1') });
}

/** `Rocky Linux release 9.4 (Blue Onyx)` in parts. */
function parseRedhatRelease(
  text: string | undefined,
): { description: string; id: string; version: string; codename: string | undefined } | undefined {
  const match = /^(.*?)\s+release\s+(\S+)(?:.*\((.+)\))?/.exec(text ?? '');
  if (text === undefined || match?.[1] === undefined || match[2] === undefined) return undefined;
  const id = match[1]
    .split(/\s+/)
    .filter((word) => word.toLowerCase() !== 'linux')
    .join('');
  return { description: text, id, version: match[2], codename: match[3] };
}

/** `os.selinux`: enabled where its file system is mounted and configured (resolvers/selinux.rb). */
async function selinuxFacts(files: SystemFiles): Promise<Json> {
  const mounts = (await files.read('/proc/self/mounts')) ?? '';
  const mount = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .find((parts) => parts[2] === 'selinuxfs')?.[1];
  const config = await files.read('/etc/selinux/config');
  if (mount === undefined || config === undefined) return { enabled: false };
  const enforced = (await files.readTrimmed(`${mount}/enforce`)) === '1';
  return defined<Json>({
    enabled: true,
    enforced,
    current_mode: enforced ? 'enforcing' : 'permissive',
    policy_version: await files.readTrimmed(`${mount}/policyvers`),
    config_mode: /^SELINUX=\s*(\S+)/m.exec(config)?.[1],
    config_policy: /^SELINUXTYPE=\s*(\S+)/m.exec(config)?.[1],
  });
}
