import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { resolveIdentity } from '../../agents/identity.ts';
import { silentLogger } from '../../core/index.ts';
import { machineWith } from './facts/linux/machine.ts';
import { recordingLogger } from './log-lines.ts';

const MACHINE_ID = '0123456789abcdef0123456789abcdef';

function resolve(canonical: string | undefined, host: string, files: Readonly<Record<string, string>> = {}) {
  const { logger, lines } = recordingLogger();
  const identity = resolveIdentity('auto', {
    logger,
    canonical: async () => canonical,
    hostname: () => host,
    files: machineWith(files),
  });
  return identity.then((name) => ({ name, lines }));
}

describe('the identity of a node', () => {
  test.each([
    ['db1.acme.net', 'db1', 'db1.acme.net'],
    ['DB1.acme.net', 'db1', 'DB1.acme.net'],
    [undefined, 'db1', 'db1'],
    ['localhost', 'db1', 'db1'],
    ['localhost.localdomain', 'db1', 'db1'],
    ['bad name', 'db1', 'db1'],
  ])('hostname -f says %s, the host name is %s: it is %s', async (canonical, host, expected) => {
    const { name, lines } = await resolve(canonical, host);
    expect(name).toBe(expected);
    expect(lines).toEqual([]);
  });

  test('is made from the machine id where the machine has no name of its own, with a warning', async () => {
    for (const files of [{ '/etc/machine-id': `${MACHINE_ID}\n` }, { '/var/lib/dbus/machine-id': MACHINE_ID }]) {
      const { name, lines } = await resolve('localhost', 'localhost.localdomain', files);
      expect(name).toBe('node-0123456789ab');
      expect(lines).toMatchObject([{ level: 'warn', identity: 'node-0123456789ab' }]);
    }
  });

  test('is an error where there is no machine id either', async () => {
    await expect(resolve('localhost', 'localhost')).rejects.toMatchObject({
      code: 'identity_invalid',
      field: 'agent.identity',
    });
    await expect(resolve('localhost', 'localhost', { '/etc/machine-id': 'uninitialized\n' })).rejects.toThrow();
  });

  test('is the configured one, which may not be localhost', async () => {
    const logger = silentLogger();
    expect(await resolveIdentity('web1.acme.net', { logger })).toBe('web1.acme.net');
    for (const name of ['localhost', 'LOCALHOST.localdomain', 'a b', '', 'x'.repeat(254)]) {
      await expect(resolveIdentity(name, { logger })).rejects.toMatchObject({ code: 'identity_invalid' });
    }
  });

  test('of this machine begins with its host name, if it has one', async () => {
    const name = await resolveIdentity('auto', { logger: silentLogger() });
    const own = hostname().split('.')[0] as string;
    expect(own.startsWith('localhost') || name.startsWith(own)).toBe(true);
  });
});
