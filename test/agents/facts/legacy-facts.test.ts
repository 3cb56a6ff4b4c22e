import { describe, expect, test } from 'vitest';
import { legacyFacts } from '../../../agents/facts/legacy-facts.ts';
import type { Json, JsonObject } from '../../../core/index.ts';
import { stockFacter } from '../stock-facter.ts';

/** Legacy names that differ from Facter's, and why. */
const DIFFERENT: Readonly<Record<string, string>> = {
  dhcp_servers: 'Facter gives {system: null} where no server is known; we leave the name out',
  lsbdistcodename:
    'Facter gives the lsb names on Debian only with the package lsb-release; we have them from os.distro',
  lsbdistdescription: 'as lsbdistcodename',
  lsbdistid: 'as lsbdistcodename',
  memoryfree: 'moves between two runs',
  memoryfree_mb: 'moves between two runs',
  swapfree: 'moves between two runs',
  swapfree_mb: 'moves between two runs',
};

describe('legacy names', () => {
  test('from the real Facter’s structured facts are those that facter --show-legacy gives', () => {
    const structured = stockFacter();
    const shown = stockFacter('--show-legacy');
    const stock: Record<string, Json> = {};
    for (const name of Object.keys(shown)) if (!(name in structured)) stock[name] = shown[name] as Json;
    const ours = legacyFacts(structured);
    expect(Object.keys(stock).length).toBeGreaterThan(40);
    const differences = [...new Set([...Object.keys(stock), ...Object.keys(ours)])]
      .filter((name) => DIFFERENT[name] === undefined && !/^uptime/.test(name))
      .filter((name) => JSON.stringify(stock[name]) !== JSON.stringify(ours[name]))
      .map((name) => `${name}: Facter ${JSON.stringify(stock[name])}, ours ${JSON.stringify(ours[name])}`);
    expect(differences).toEqual([]);
  });

  test('cover disks, ssh keys, uptime and swap', () => {
    const structured: JsonObject = {
      disks: { sda: { model: 'M', size: '1.00 KiB', size_bytes: 1024, vendor: 'V' }, sdb: { size_bytes: 1 } },
      ssh: { rsa: { key: 'AAAA', type: 'ssh-rsa', fingerprints: { sha1: 'SSHFP 1 1 a', sha256: 'SSHFP 1 2 b' } } },
      system_uptime: { days: 2, hours: 50, seconds: 180_000, uptime: '2 days' },
      memory: { swap: { total: '1.00 GiB', total_bytes: 2 ** 30, available: '512.00 MiB', available_bytes: 2 ** 29 } },
      networking: { dhcp: '10.0.0.1', interfaces: { 'eth0.100': { ip: '10.0.0.2', dhcp: '10.0.0.1' } } },
      xen: { domains: ['a', 'b'] },
    };
    expect(JSON.parse(JSON.stringify(legacyFacts(structured)))).toEqual({
      blockdevices: 'sda,sdb',
      blockdevice_sda_model: 'M',
      blockdevice_sda_size: 1024,
      blockdevice_sda_vendor: 'V',
      blockdevice_sdb_size: 1,
      sshrsakey: 'AAAA',
      sshfp_rsa: 'SSHFP 1 1 a\nSSHFP 1 2 b',
      uptime: '2 days',
      uptime_days: 2,
      uptime_hours: 50,
      uptime_seconds: 180_000,
      swapsize: '1.00 GiB',
      swapsize_mb: 1024,
      swapfree: '512.00 MiB',
      swapfree_mb: 512,
      interfaces: 'eth0.100',
      'ipaddress_eth0.100': '10.0.0.2',
      dhcp_servers: { system: '10.0.0.1', 'eth0.100': '10.0.0.1' },
      xendomains: 'a,b',
    });
  });

  test('are absent where the structured fact is absent or of another shape', () => {
    expect(Object.keys(legacyFacts({}))).toEqual([]);
    expect(Object.keys(legacyFacts({ os: 'Debian', networking: [1], disks: null, ssh: 3 }))).toEqual([]);
  });
});
