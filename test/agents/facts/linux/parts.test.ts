import { describe, expect, test } from 'vitest';
import { loadFacts, uptimeFacts } from '../../../../agents/facts/linux/clock-facts.ts';
import { diskFacts, partitionFacts } from '../../../../agents/facts/linux/disk-facts.ts';
import { dmiFacts } from '../../../../agents/facts/linux/dmi-facts.ts';
import { hostNames } from '../../../../agents/facts/linux/hostname.ts';
import { kernelFacts, kernelFeatureFacts } from '../../../../agents/facts/linux/kernel-facts.ts';
import { memoryFacts } from '../../../../agents/facts/linux/memory-facts.ts';
import { mountFacts, readMounts } from '../../../../agents/facts/linux/mount-facts.ts';
import { networkFacts, parseIpAddr } from '../../../../agents/facts/linux/network-facts.ts';
import { osFacts } from '../../../../agents/facts/linux/os-facts.ts';
import { processorFacts } from '../../../../agents/facts/linux/processor-facts.ts';
import { sshFacts } from '../../../../agents/facts/linux/ssh-facts.ts';
import { virtualFacts } from '../../../../agents/facts/linux/virtual-facts.ts';
import { machineWith } from './machine.ts';

const soon = (): AbortSignal => AbortSignal.timeout(5000);

describe('os', () => {
  test.each([
    [
      'Debian',
      {
        '/etc/os-release':
          'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n',
        '/etc/debian_version': '12.08\n',
      },
      {
        name: 'Debian',
        family: 'Debian',
        architecture: 'amd64',
        release: { full: '12.08', major: '12', minor: '8' },
        distro: { id: 'Debian', codename: 'bookworm', description: 'Debian GNU/Linux 12 (bookworm)' },
      },
    ],
    [
      'Debian testing',
      { '/etc/os-release': 'NAME="Debian GNU/Linux"\nID=debian\n', '/etc/debian_version': 'forky/sid\n' },
      { release: { full: 'forky/sid', major: 'forky/sid' } },
    ],
    [
      'Ubuntu',
      {
        '/etc/os-release': `NAME='Ubuntu'\nVERSION_ID="24.04"\nID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n`,
        '/etc/debian_version': 'trixie/sid\n',
      },
      { name: 'Ubuntu', family: 'Debian', architecture: 'amd64', release: { full: '24.04', major: '24.04' } },
    ],
    [
      'Red Hat',
      {
        '/etc/os-release': 'NAME="Red Hat Enterprise Linux"\nID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9.4"\n',
        '/etc/redhat-release': 'Red Hat Enterprise Linux release 9.4 (Plow)\n',
      },
      {
        name: 'RedHat',
        family: 'RedHat',
        architecture: 'x86_64',
        release: { full: '9.4', major: '9', minor: '4' },
        distro: {
          id: 'RedHatEnterprise',
          codename: 'Plow',
          description: 'Red Hat Enterprise Linux release 9.4 (Plow)',
        },
      },
    ],
    [
      'CentOS 7',
      {
        '/etc/os-release': 'NAME="CentOS Linux"\nID="centos"\nID_LIKE="rhel fedora"\n',
        '/etc/redhat-release': 'CentOS Linux release 7.9.2009 (Core)\n',
      },
      { name: 'CentOS', family: 'RedHat', release: { full: '7.9.2009', major: '7', minor: '9' } },
    ],
    ['Arch', { '/etc/os-release': 'NAME="Arch Linux"\nID=arch\n' }, { name: 'Archlinux', family: 'Archlinux' }],
    [
      'SLES',
      { '/etc/os-release': 'NAME="SLES"\nID="sles"\nID_LIKE="suse"\nVERSION_ID="15.6"\n' },
      { name: 'SLES', family: 'Suse', release: { full: '15.6', major: '15', minor: '6' } },
    ],
    [
      'Alpine, whose file is in /usr/lib',
      { '/usr/lib/os-release': 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.1\n' },
      { name: 'Alpine', family: 'Alpine', release: { full: '3.20.1', major: '3', minor: '20' } },
    ],
    ['a system without os-release', {}, { name: 'linux', family: 'Linux' }],
  ])('of %s', async (_, files, expected) => {
    const { os } = await osFacts(machineWith(files), 'x86_64');
    expect(os).toMatchObject(expected);
    expect(os).toMatchObject({ hardware: 'x86_64', selinux: { enabled: false } });
  });

  test('tells SELinux where it is mounted and configured', async () => {
    const files = machineWith({
      '/proc/self/mounts': 'selinuxfs /sys/fs/selinux selinuxfs rw 0 0\n',
      '/sys/fs/selinux/enforce': '1',
      '/sys/fs/selinux/policyvers': '33',
      '/etc/selinux/config': '# a comment\nSELINUX=enforcing\nSELINUXTYPE=targeted\n',
    });
    expect((await osFacts(files, 'x86_64')).os).toMatchObject({
      selinux: {
        enabled: true,
        enforced: true,
        current_mode: 'enforcing',
        policy_version: '33',
        config_mode: 'enforcing',
        config_policy: 'targeted',
      },
    });
  });
});

describe('names of the host', () => {
  const files = (resolver = '') => machineWith({ '/etc/resolv.conf': resolver });
  const said = (name: string | undefined) => async () => name;
  test.each([
    ['db1.acme.net', undefined, '', { hostname: 'db1', domain: 'acme.net', fqdn: 'db1.acme.net' }],
    ['db1', 'db1.acme.net', '', { hostname: 'db1', domain: 'acme.net', fqdn: 'db1.acme.net' }],
    ['db1', 'localhost', 'search acme.net other.net\n', { hostname: 'db1', domain: 'acme.net', fqdn: 'db1.acme.net' }],
    ['db1', undefined, '# x\ndomain acme.net\n', { hostname: 'db1', domain: 'acme.net', fqdn: 'db1.acme.net' }],
    ['db1', 'db10.acme.net', '', { hostname: 'db1', domain: undefined, fqdn: 'db1' }],
  ])('of %s, called %s by the resolver, with %j', async (name, canonical, resolver, expected) => {
    expect(await hostNames(files(resolver), soon(), name, said(canonical))).toEqual(expected);
  });
});

describe('networking', () => {
  const IP = `1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever
2: eth0    inet 10.0.0.5/24 brd 10.0.0.255 scope global eth0\\       valid_lft forever
2: eth0    inet 10.0.0.6/24 brd 10.0.0.255 scope global secondary eth0:1\\       valid_lft forever
2: eth0    inet6 fe80::1/64 scope link \\       valid_lft forever
2: eth0    inet6 2001:db8::5/64 scope global \\       valid_lft forever
3: tun0    inet 10.8.0.2 peer 10.8.0.1/32 scope global tun0\\       valid_lft forever
`;

  test('of a machine with an alias, a bond and a DHCP lease', async () => {
    const files = machineWith({
      '/sys/class/net/lo/ifindex': '1',
      '/sys/class/net/lo/mtu': '65536',
      '/sys/class/net/lo/address': '00:00:00:00:00:00',
      '/sys/class/net/eth0/ifindex': '2',
      '/sys/class/net/eth0/mtu': '1500',
      '/sys/class/net/eth0/address': '02:00:00:00:00:99',
      '/sys/class/net/eth0/master': 'link:../bond0',
      '/sys/class/net/tun0/ifindex': '3',
      '/sys/class/net/bonding_masters': 'bond0',
      '/proc/net/bonding/bond0':
        'Slave Interface: eth1\nPermanent HW addr: 02:00:00:00:00:01\n\nSlave Interface: eth0\nPermanent HW addr: 02:00:00:00:00:02\n',
      '/proc/net/if_inet6': '20010db8000000000000000000000005 02 40 00 80     eth0\n',
      '/proc/net/route':
        'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\neth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\n',
      '/run/systemd/netif/leases/2': 'ADDRESS=10.0.0.5\nSERVER_ADDRESS=10.0.0.1\n',
    });
    const { networking } = await networkFacts(files, soon(), async () => parseIpAddr(IP));
    expect(networking).toMatchObject({
      primary: 'eth0',
      ip: '10.0.0.5',
      netmask: '255.255.255.0',
      network: '10.0.0.0',
      mac: '02:00:00:00:00:02',
      mtu: 1500,
      dhcp: '10.0.0.1',
      ip6: '2001:db8::5',
      network6: '2001:db8::',
      scope6: 'global',
    });
    expect(networking).not.toHaveProperty('bindings');
    const { interfaces } = networking as { interfaces: Record<string, Record<string, unknown>> };
    expect(Object.keys(interfaces)).toEqual(['lo', 'eth0', 'tun0', 'eth0:1']);
    expect(interfaces.lo).not.toHaveProperty('mac');
    expect(interfaces.tun0).toMatchObject({ ip: '10.8.0.2', netmask: '255.255.255.255' });
    expect(interfaces['eth0:1']).toMatchObject({ ip: '10.0.0.6' });
    expect(interfaces.eth0?.bindings6).toEqual([
      { address: 'fe80::1', netmask: 'ffff:ffff:ffff:ffff::', network: 'fe80::', scope6: 'link' },
      {
        address: '2001:db8::5',
        netmask: 'ffff:ffff:ffff:ffff::',
        network: '2001:db8::',
        scope6: 'global',
        flags: ['permanent'],
      },
    ]);
  });

  test('without a default route takes the first interface with an address of use', async () => {
    const files = machineWith({ '/sys/class/net/lo/ifindex': '1', '/sys/class/net/eth0/ifindex': '2' });
    const { networking } = await networkFacts(files, soon(), async () => parseIpAddr(IP));
    expect(networking).toMatchObject({ primary: 'eth0', ip: '10.0.0.5' });
  });

  test('lines that are no addresses are passed over', () => {
    expect(parseIpAddr('nonsense\n4: x    link/ether 00\n\n')).toEqual([]);
  });
});

describe('hardware', () => {
  test('memory, with swap and on a kernel without MemAvailable', async () => {
    const files = machineWith({
      '/proc/meminfo':
        'MemTotal:       1000 kB\nMemFree:         200 kB\nBuffers:         100 kB\nCached:          300 kB\nSwapTotal:       500 kB\nSwapFree:        500 kB\n',
    });
    expect(await memoryFacts(files)).toEqual({
      memory: {
        system: {
          total: '1000.00 KiB',
          total_bytes: 1_024_000,
          available: '600.00 KiB',
          available_bytes: 614_400,
          used: '400.00 KiB',
          used_bytes: 409_600,
          capacity: '40.00%',
        },
        swap: expect.objectContaining({ total_bytes: 512_000, used: '0 bytes', capacity: '0.00%' }),
      },
    });
  });

  test('processors of two sockets with two threads a core', async () => {
    const cpu = (i: number): string =>
      `processor\t: ${i}\nmodel name\t: CPU @ 2GHz: fast\nphysical id\t: ${i >> 2}\ncpu MHz\t\t: 1999.9\n\n`;
    const entries: Record<string, string> = { '/proc/cpuinfo': Array.from({ length: 8 }, (_, i) => cpu(i)).join('') };
    for (let i = 0; i < 8; i++) {
      entries[`/sys/devices/system/cpu/cpu${i}/topology/physical_package_id`] = String(i >> 2);
      entries[`/sys/devices/system/cpu/cpu${i}/topology/core_id`] = String((i >> 1) & 1);
    }
    expect(await processorFacts(machineWith(entries), 'x86_64')).toEqual({
      processors: {
        count: 8,
        physicalcount: 2,
        models: Array(8).fill('CPU @ 2GHz: fast'),
        isa: 'x86_64',
        speed: '2.00 GHz',
        cores: 2,
        threads: 2,
      },
    });
  });

  test('disks and partitions with what udev knows', async () => {
    const files = machineWith({
      '/sys/block/sda/device/model': 'Fast disk  \n',
      '/sys/block/sda/size': '2048\n',
      '/sys/block/sda/dev': '8:0\n',
      '/sys/block/sda/queue/rotational': '0\n',
      '/sys/block/sda/sda1/size': '1024\n',
      '/sys/block/sda/sda1/dev': '8:1\n',
      '/sys/block/dm-0/dm/name': 'vg-root\n',
      '/sys/block/dm-0/size': '512\n',
      '/sys/block/loop0/loop/backing_file': '/images/a b.img\n',
      '/sys/block/loop0/size': '2\n',
      '/run/udev/data/b8:0': 'S:disk/by-id/x\nE:ID_SERIAL_SHORT=S123\nE:ID_WWN=0x5000\n',
      '/run/udev/data/b8:1':
        'E:ID_FS_TYPE=ext4\nE:ID_FS_UUID=u-1\nE:ID_FS_LABEL=my\\x20disk\nE:ID_PART_ENTRY_UUID=p-1\n',
      '/proc/self/mounts': '/dev/sda1 /data ext4 rw 0 0\n',
    });
    expect(await diskFacts(files)).toEqual({
      disks: {
        sda: {
          model: 'Fast disk',
          size: '1.00 MiB',
          size_bytes: 1_048_576,
          type: 'ssd',
          serial: 'S123',
          wwn: '0x5000',
        },
      },
    });
    expect(await partitionFacts(files)).toEqual({
      partitions: {
        '/dev/sda1': {
          size: '512.00 KiB',
          size_bytes: 524_288,
          filesystem: 'ext4',
          uuid: 'u-1',
          label: 'my disk',
          partuuid: 'p-1',
          mount: '/data',
        },
        '/dev/mapper/vg-root': { size: '256.00 KiB', size_bytes: 262_144 },
        '/dev/loop0': { size: '1.00 KiB', size_bytes: 1024, backing_file: '/images/a b.img' },
      },
    });
  });

  test('mounts, with blanks in their paths, sizes that fail, and the root device', async () => {
    const files = machineWith({
      '/proc/self/mounts':
        '/dev/root / ext4 rw 0 0\nsysfs /sys sysfs rw 0 0\ntmpfs /sys/fs/cgroup tmpfs ro 0 0\nauto /net autofs rw 0 0\n/dev/sdb1 /my\\040disk xfs rw,noatime 0 0\nsrv:/x /x nfs4 rw 0 0\n',
      '/proc/cmdline': 'quiet root=PARTUUID=abc ro\n',
      '/dev/disk/by-partuuid/abc': 'link:../../sda1',
    });
    const { mountpoints } = await mountFacts(files, soon(), async ({ path }) => {
      if (path === '/x') throw new Error('the server is away');
      return { size: 1000, available: 300, used: 100 };
    });
    expect(Object.keys(mountpoints as object)).toEqual(['/', '/sys/fs/cgroup', '/my disk', '/x']);
    expect(mountpoints).toMatchObject({
      '/': { device: '/dev/sda1', filesystem: 'ext4', capacity: '25.00%', available_bytes: 300 },
      '/my disk': { options: ['rw', 'noatime'] },
      '/x': { size: '0 bytes', capacity: '100%' },
    });
    expect(await readMounts(machineWith({ '/etc/mtab': 'a /b c d 0 0\n' }))).toHaveLength(1);
  });

  test('DMI as far as it is readable', async () => {
    const files = machineWith({
      '/sys/class/dmi/id/bios_vendor': 'BIOS Inc.\n',
      '/sys/class/dmi/id/chassis_type': '23\n',
      '/sys/class/dmi/id/product_name': 'PowerEdge R640\n',
      '/sys/class/dmi/id/board_name': '\n',
    });
    expect(await dmiFacts(files)).toEqual({
      dmi: {
        bios: { vendor: 'BIOS Inc.' },
        chassis: { type: 'Rack Mount Chassis' },
        product: { name: 'PowerEdge R640' },
      },
    });
    expect(await dmiFacts(machineWith({}))).toEqual({});
  });

  test.each([
    ['a physical machine', { '/sys/class/dmi/id/product_name': 'PowerEdge R640' }, 'physical', false],
    ['KVM by DMI', { '/sys/class/dmi/id/sys_vendor': 'QEMU' }, 'kvm', true],
    ['VMware', { '/sys/class/dmi/id/product_name': 'VMware Virtual Platform' }, 'vmware', true],
    [
      'Hyper-V',
      { '/sys/class/dmi/id/sys_vendor': 'Microsoft Corporation', '/sys/class/dmi/id/product_name': 'Virtual Machine' },
      'hyperv',
      true,
    ],
    [
      'a Surface, which is no virtual machine',
      { '/sys/class/dmi/id/sys_vendor': 'Microsoft Corporation', '/sys/class/dmi/id/product_name': 'Surface' },
      'physical',
      false,
    ],
    [
      'Firecracker',
      { '/proc/cpuinfo': 'flags\t: fpu hypervisor\n', '/sys/bus/virtio/devices/virtio0/vendor': '0x1af4\n' },
      'kvm',
      true,
    ],
    ['an unnamed hypervisor', { '/proc/cpuinfo': 'flags\t: fpu hypervisor\n' }, 'unknown', true],
    ['Xen’s host', { '/sys/hypervisor/type': 'xen', '/proc/xen/capabilities': 'control_d\n' }, 'xen0', false],
    ['a Xen guest', { '/sys/hypervisor/type': 'xen', '/sys/hypervisor/guest_type': 'PV' }, 'xenu', true],
    ['Docker on cgroup 1', { '/proc/1/cgroup': '12:cpu:/docker/0123\n' }, 'docker', true],
    [
      'Docker on cgroup 2',
      { '/proc/1/cgroup': '0::/\n', '/.dockerenv': '', '/proc/self/ns/pid': 'link:pid:[4026532571]' },
      'docker',
      true,
    ],
    [
      'a machine booted from a container’s image',
      { '/.dockerenv': '', '/proc/self/ns/pid': 'link:pid:[4026531836]' },
      'physical',
      false,
    ],
    ['LXC', { '/proc/1/environ': 'a=b\0container=lxc\0' }, 'lxc', true],
    ['Podman', { '/proc/1/environ': 'container=podman\0' }, 'podman', true],
  ])('virtual is told for %s', async (_, files, virtual, is) => {
    expect(await virtualFacts(machineWith(files))).toEqual({ virtual, is_virtual: is });
  });
});

describe('clocks, kernel and keys', () => {
  test('uptime is the machine’s, and in a container the container’s', async () => {
    expect(await uptimeFacts(machineWith({ '/proc/uptime': '180000.12 1.0\n' }))).toEqual({
      system_uptime: { seconds: 180_000, hours: 50, days: 2, uptime: '2 days' },
    });
    const stat = `1 (a) b) S ${Array.from({ length: 18 }, () => 0).join(' ')} 17000000 0`;
    const container = machineWith({
      '/proc/uptime': '180000.12 1.0\n',
      '/proc/1/cgroup': '1:x:/docker/a\n',
      '/proc/1/stat': stat,
    });
    expect(await uptimeFacts(container)).toMatchObject({ system_uptime: { seconds: 10_000 } });
  });

  test('load, kernel and its features', async () => {
    expect(await loadFacts(machineWith({ '/proc/loadavg': '0.10 1.20 2.30 1/2 3\n' }))).toEqual({
      load_averages: { '1m': 0.1, '5m': 1.2, '15m': 2.3 },
    });
    expect(await kernelFacts('Linux', '6.1.0-37-amd64')).toEqual({
      kernel: 'Linux',
      kernelrelease: '6.1.0-37-amd64',
      kernelversion: '6.1.0',
      kernelmajversion: '6.1',
    });
    const files = machineWith({
      '/proc/filesystems': 'nodev\tproc\n\txfs\n\text4\n\tfuseblk\n',
      '/proc/sys/crypto/fips_enabled': '1\n',
    });
    expect(await kernelFeatureFacts(files)).toEqual({ filesystems: 'ext4,xfs', fips_enabled: true });
  });

  test('ssh host keys with their SSHFP records', async () => {
    const key = Buffer.from('key').toString('base64');
    const files = machineWith({
      '/etc/ssh/ssh_host_ed25519_key.pub': `ssh-ed25519 ${key} root@a\n`,
      '/etc/ssh/ssh_host_rsa_key.pub': 'nonsense\n',
    });
    expect(await sshFacts(files)).toEqual({
      ssh: {
        ed25519: {
          type: 'ssh-ed25519',
          key,
          fingerprints: {
            sha1: 'SSHFP 4 1 a62f2225bf70bfaccbc7f1ef2a397836717377de',
            sha256: 'SSHFP 4 2 2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683',
          },
        },
      },
    });
  });

  test('on a machine where nothing can be read there are no facts, and no errors', async () => {
    const nothing = machineWith({});
    for (const part of [
      memoryFacts,
      processorFacts,
      diskFacts,
      partitionFacts,
      dmiFacts,
      sshFacts,
      uptimeFacts,
      loadFacts,
    ]) {
      expect(await part(nothing)).toEqual({});
    }
  });
});
