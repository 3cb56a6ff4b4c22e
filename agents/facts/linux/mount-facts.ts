import { statfs } from 'node:fs/promises';
import type { Json, JsonObject } from '../../../core/index.ts';
import { runCommand } from '../subprocess.ts';
import { bytesText, capacityText } from '../units.ts';
import type { SystemFiles } from './system-files.ts';

/** One line of the mount table. */
export interface Mount {
  readonly device: string;
  readonly path: string;
  readonly filesystem: string;
  readonly options: readonly string[];
}

/** Sizes of a mounted file system, in bytes. */
export interface MountSizes {
  readonly size: number;
  readonly available: number;
  readonly used: number;
}

/** Says the sizes of a mount, undefined where it cannot be told. */
export type MountSizer = (mount: Mount, signal: AbortSignal) => Promise<MountSizes | undefined>;

/** File systems whose server may be away: asking them in this process could hold one of its few threads for ever. */
const REMOTE = /^(nfs|nfs4|cifs|smb3|smbfs|ceph|glusterfs|lustre|afs|9p|beegfs|gpfs|ocfs2|gfs2|fuse(\..*)?)$/;

/** Time for one remote file system to answer. */
const REMOTE_LIMIT_MS = 1000;

/** `mountpoints`, without what lies in /proc, /sys (save tmpfs) and autofs (Facter 4, resolvers/mountpoints.rb). */
export async function mountFacts(
  files: SystemFiles,
  signal: AbortSignal,
  sizer: MountSizer = sizesOf,
): Promise<JsonObject> {
  const mounts = (await readMounts(files)).filter(
    ({ path, filesystem }) => filesystem !== 'autofs' && (filesystem === 'tmpfs' || !/^\/(proc|sys)/.test(path)),
  );
  const described = await Promise.all(
    mounts.map(async (mount) => {
      const sizes = (await sizer(mount, signal).catch(() => undefined)) ?? { size: 0, available: 0, used: 0 };
      return [mount.path, mountFact(mount, sizes)] as const;
    }),
  );
  if (described.length === 0) return {};
  // A path mounted over keeps its last mount, which is the one that is seen.
  return { mountpoints: Object.fromEntries(described) };
}

/** The mount table, octal escapes undone. */
export async function readMounts(files: SystemFiles): Promise<readonly Mount[]> {
  const table = (await files.read('/proc/self/mounts')) ?? (await files.read('/etc/mtab')) ?? '';
  const mounts: Mount[] = [];
  for (const line of table.split('\n')) {
    const [device, path, filesystem, options] = line.split(' ').map(unescaped);
    if (device === undefined || path === undefined || filesystem === undefined) continue;
    mounts.push({
      device: device === '/dev/root' ? ((await rootDevice(files)) ?? device) : device,
      path,
      filesystem,
      options: options?.split(',') ?? [],
    });
  }
  return mounts;
}

function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** What the kernel was told on its command line; `PARTUUID=` and the like are told by udev's links. */
async function rootDevice(files: SystemFiles): Promise<string | undefined> {
  const root = /(?:^|\s)root=(\S+)/.exec((await files.read('/proc/cmdline')) ?? '')?.[1];
  const named = /^(PARTUUID|UUID|LABEL|PARTLABEL)=(.+)$/.exec(root ?? '');
  if (named?.[1] === undefined) return root;
  const link = await files.link(`/dev/disk/by-${named[1].toLowerCase()}/${named[2]}`);
  return link === undefined ? root : `/dev/${link.split('/').at(-1)}`;
}

function mountFact(mount: Mount, { size, available, used }: MountSizes): Json {
  return {
    device: mount.device,
    filesystem: mount.filesystem,
    options: mount.options,
    size: bytesText(size),
    size_bytes: size,
    available: bytesText(available),
    available_bytes: available,
    used: bytesText(used),
    used_bytes: used,
    capacity: capacityText(used, used + available),
  };
}

async function sizesOf(mount: Mount, signal: AbortSignal): Promise<MountSizes | undefined> {
  if (!REMOTE.test(mount.filesystem)) {
    const stat = await statfs(mount.path);
    return sizes(stat.bsize, stat.blocks, stat.bfree, stat.bavail);
  }
  const result = await runCommand({
    file: 'stat',
    args: ['--file-system', '--format=%S %b %f %a', '--', mount.path],
    signal: AbortSignal.any([signal, AbortSignal.timeout(REMOTE_LIMIT_MS)]),
  });
  const [unit, blocks, free, available] = result.stdout.toString('utf8').trim().split(' ').map(Number);
  if (unit === undefined || blocks === undefined || free === undefined || available === undefined) return undefined;
  return sizes(unit, blocks, free, available);
}

function sizes(unit: number, blocks: number, free: number, available: number): MountSizes {
  return { size: unit * blocks, available: unit * available, used: unit * (blocks - free) };
}
