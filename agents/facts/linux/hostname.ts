import { hostname as systemHostname } from 'node:os';
import { runCommand } from '../subprocess.ts';
import type { SystemFiles } from './system-files.ts';

/** The names of a machine. */
export interface HostNames {
  readonly hostname: string;
  readonly domain: string | undefined;
  readonly fqdn: string;
}

/** What `hostname -f` prints; undefined where it fails or prints nothing. */
export async function canonicalName(signal: AbortSignal): Promise<string | undefined> {
  try {
    const result = await runCommand({ file: 'hostname', args: ['-f'], signal });
    const name = result.stdout.toString('utf8').trim();
    return result.exitCode === 0 && name !== '' ? name : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Host name, domain and fqdn: the host name's own domain, else that of `hostname -f`, else resolv.conf's. Unlike Facter,
 * a canonical name that is not below the host name (`localhost`, where 127.0.0.1 lists both) is not taken as the fqdn.
 */
export async function hostNames(
  files: SystemFiles,
  signal: AbortSignal,
  name: string = systemHostname(),
  canonical: (signal: AbortSignal) => Promise<string | undefined> = canonicalName,
): Promise<HostNames> {
  const [hostname = name] = name.split('.', 1);
  let domain = domainOf(name, hostname);
  if (domain === undefined) domain = domainOf((await canonical(signal)) ?? '', hostname);
  if (domain === undefined) {
    const resolver = (await files.read('/etc/resolv.conf')) ?? '';
    domain = /^domain\s+(\S+)/m.exec(resolver)?.[1] ?? /^search\s+(\S+)/m.exec(resolver)?.[1];
  }
  return { hostname, domain, fqdn: domain === undefined ? hostname : `${hostname}.${domain}` };
}

function domainOf(name: string, hostname: string): string | undefined {
  const domain = name.startsWith(`${hostname}.`) ? name.slice(hostname.length + 1) : '';
  return domain === '' ? undefined : domain;
}
