import type { JsonObject } from '../../../core/index.ts';
import type { SystemFiles } from './system-files.ts';

/*
 * `virtual` and `is_virtual`, from files alone: containers by what their runtimes leave, then DMI, Xen's files, and the
 * processor's hypervisor flag. Facter asks virt-what and lspci, which need root and packages.
 */

/** Parts of DMI's product name and vendors, and Facter's word for each (util/facts/facts_utils.rb). */
const PRODUCTS: readonly (readonly [RegExp, string])[] = [
  [/VMware/, 'vmware'],
  [/VirtualBox|innotek/, 'virtualbox'],
  [/Parallels/, 'parallels'],
  [/KVM|QEMU|Amazon EC2|OpenStack|RHEL-AV|Standard PC/, 'kvm'],
  [/Google/, 'gce'],
  [/RHEV Hypervisor/, 'rhev'],
  [/oVirt Node/, 'ovirt'],
  [/HVM domU/, 'xenhvm'],
  [/Bochs/, 'bochs'],
  [/OpenBSD/, 'vmm'],
  [/BHYVE/i, 'bhyve'],
];

/** PCI vendor of virtio devices. */
const VIRTIO_VENDOR = '0x1af4';

/** The process namespace of the machine itself (PROC_PID_INIT_INO in the kernel's proc_ns.h). */
const MACHINE_PID_NAMESPACE = 'pid:[4026531836]';

/** `virtual` and `is_virtual`. */
export async function virtualFacts(files: SystemFiles): Promise<JsonObject> {
  const virtual = (await containerOf(files)) ?? (await machineOf(files)) ?? 'physical';
  return { virtual, is_virtual: virtual !== 'physical' && virtual !== 'xen0' };
}

/** True inside a container, which has an uptime of its own. */
export async function inContainer(files: SystemFiles): Promise<boolean> {
  return (await containerOf(files)) !== undefined;
}

async function containerOf(files: SystemFiles): Promise<string | undefined> {
  const cgroup = (await files.read('/proc/1/cgroup')) ?? '';
  const environ = (await files.read('/proc/1/environ')) ?? '';
  const named = /(?:^|\0)container=([\w-]+)/.exec(environ)?.[1];
  if (/^[^\n]*\/lxc\//m.test(cgroup) || named === 'lxc') return 'lxc';
  if (/docker[-/]/.test(cgroup)) return 'docker';
  if (named === 'systemd-nspawn') return 'systemd_nspawn';
  if (named === 'podman') return 'podman';
  // With cgroups of version 2 only these files tell. An image booted as a machine may have kept them, so that they
  // count only where process 1 is not the machine's.
  if ((await files.link('/proc/self/ns/pid')) === MACHINE_PID_NAMESPACE) return undefined;
  if (await files.exists('/.dockerenv')) return 'docker';
  return (await files.exists('/run/.containerenv')) ? 'podman' : undefined;
}

async function machineOf(files: SystemFiles): Promise<string | undefined> {
  if ((await files.readTrimmed('/sys/hypervisor/type')) === 'xen') {
    const capabilities = (await files.read('/proc/xen/capabilities')) ?? '';
    if (capabilities.includes('control_d')) return 'xen0';
    return (await files.readTrimmed('/sys/hypervisor/guest_type')) === 'PV' ? 'xenu' : 'xenhvm';
  }
  const dmi = await Promise.all(
    ['bios_vendor', 'sys_vendor', 'product_name'].map((name) => files.readTrimmed(`/sys/class/dmi/id/${name}`)),
  );
  const [, sysVendor, product] = dmi;
  if (sysVendor?.startsWith('Microsoft') && product === 'Virtual Machine') return 'hyperv';
  const words = dmi.join('\n');
  const known = PRODUCTS.find(([pattern]) => pattern.test(words))?.[1];
  if (known !== undefined) return known;
  if (!/^flags\s*:.*\bhypervisor\b/m.test((await files.read('/proc/cpuinfo')) ?? '')) {
    return (await hasVirtio(files)) ? 'kvm' : undefined;
  }
  // Some hypervisor that says no name: small ones such as Firecracker have no DMI, but offer virtio, as KVM does.
  return (await hasVirtio(files)) ? 'kvm' : 'unknown';
}

async function hasVirtio(files: SystemFiles): Promise<boolean> {
  for (const device of await files.list('/sys/bus/virtio/devices')) {
    if ((await files.readTrimmed(`/sys/bus/virtio/devices/${device}/vendor`)) === VIRTIO_VENDOR) return true;
  }
  for (const device of await files.list('/sys/bus/pci/devices')) {
    if ((await files.readTrimmed(`/sys/bus/pci/devices/${device}/vendor`)) === VIRTIO_VENDOR) return true;
  }
  return false;
}
