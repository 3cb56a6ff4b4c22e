import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../../../core/index.ts';
import type { SystemFiles } from './system-files.ts';

const FOLDERS = ['/etc/ssh', '/usr/local/etc/ssh', '/etc', '/usr/local/etc', '/etc/opt/ssh'] as const;
const KEY_FILES = ['rsa', 'dsa', 'ecdsa', 'ed25519'].map((kind) => `ssh_host_${kind}_key.pub`);

/** Key types, Facter's name for each, and its SSHFP algorithm number (RFC 4255, 6594, 7479). */
const KINDS: Readonly<Record<string, { readonly name: string; readonly algorithm: number }>> = {
  'ssh-rsa': { name: 'rsa', algorithm: 1 },
  'ssh-dss': { name: 'dsa', algorithm: 2 },
  'ecdsa-sha2-nistp256': { name: 'ecdsa', algorithm: 3 },
  'ecdsa-sha2-nistp384': { name: 'ecdsa', algorithm: 3 },
  'ecdsa-sha2-nistp521': { name: 'ecdsa', algorithm: 3 },
  'ssh-ed25519': { name: 'ed25519', algorithm: 4 },
};

/** `ssh`: the public host keys with type, key, and fingerprints as SSHFP records (Facter 4, resolvers/ssh.rb). */
export async function sshFacts(files: SystemFiles): Promise<JsonObject> {
  const ssh: Record<string, Json> = {};
  for (const folder of FOLDERS) {
    for (const file of KEY_FILES) {
      const [type = '', key] = ((await files.readTrimmed(`${folder}/${file}`)) ?? '').split(/\s+/);
      const kind = KINDS[type];
      if (kind === undefined || key === undefined) continue;
      const bytes = Buffer.from(key, 'base64');
      const print = (number: number, hash: string): string =>
        `SSHFP ${kind.algorithm} ${number} ${createHash(hash).update(bytes).digest('hex')}`;
      ssh[kind.name] = { fingerprints: { sha1: print(1, 'sha1'), sha256: print(2, 'sha256') }, key, type };
    }
  }
  return Object.keys(ssh).length === 0 ? {} : { ssh };
}
