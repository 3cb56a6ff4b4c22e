import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../core/index.ts';
import {
  type BrokerLinkOptions,
  type BrokerOptions,
  createBroker,
  createBrokerLink,
  hashPasscode,
  readBrokerUsers,
} from '../../../wire/index.ts';

const file = (name: string) => fileURLToPath(new URL(`../data/tls/${name}`, import.meta.url));
const server = { cert: file('server.pem'), key: file('server.key') };
const REGISTRATIONS = '/queue/mcollective.registration';
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function brokerOf(options: Partial<BrokerOptions>) {
  const broker = createBroker({ host: '127.0.0.1', port: 0, logger: silentLogger(), ...options });
  cleanups.push(() => broker.close());
  broker.consume(REGISTRATIONS, async ({ principal }) => ({ principal: principal.kind }));
  return (await broker.listen()).port;
}

/** What a send by a link with these settings comes to: the receipt's headers, or why it was lost. */
async function outcome(port: number, options: Partial<BrokerLinkOptions>): Promise<unknown> {
  const logger = silentLogger();
  let settle!: (value: unknown) => void;
  const settled = new Promise((resolve) => (settle = resolve));
  logger.warn = ((fields: { reason: string }) => settle(fields.reason)) as typeof logger.warn;
  const link = createBrokerLink({ hosts: [{ host: 'localhost', port }], logger, ...options });
  cleanups.push(() => link.stop());
  link.onState((connected) => {
    if (connected) link.send(REGISTRATIONS, Buffer.from('x')).then(settle, settle);
  });
  link.start();
  return settled;
}

describe('the broker over TLS', () => {
  it('serves who trusts its authority, and tells others why not', async () => {
    const port = await brokerOf({ tls: server });
    expect(await outcome(port, { tls: { ca: file('ca.pem') } })).toEqual({ principal: 'anonymous' });
    expect(await outcome(port, { tls: {} })).toMatch(/certificate/);
    expect(await outcome(port, { tls: { ca: file('none.pem') } })).toMatch(/tls\.ca/);
  });

  it('asks for a client certificate where it has an authority for them', async () => {
    const port = await brokerOf({ tls: { ...server, ca: file('ca.pem') } });
    const tls = { ca: file('ca.pem') };
    expect(await outcome(port, { tls: { ...tls, cert: file('client.pem'), key: file('client.key') } })).toEqual({
      principal: 'anonymous',
    });
    expect(await outcome(port, { tls })).toMatch(/alert|certificate|reset|closed/i);
  });

  it('may listen beyond loopback with TLS and users, and asks for a login there', async () => {
    const users = readBrokerUsers(`rip: { passwordHash: ${await hashPasscode('x')}, role: client }`, 'users');
    const port = await brokerOf({ host: '0.0.0.0', tls: server, users });
    const tls = { ca: file('ca.pem') };
    expect(await outcome(port, { tls, login: 'rip', passcode: 'x' })).toEqual({ principal: 'client' });
    expect(await outcome(port, { tls, login: 'rip', passcode: 'y' })).toMatch(/^broker_refused/);
  });

  it('lets nobody keep a handshake open', async () => {
    const port = await brokerOf({ tls: server, bounds: { handshakeMs: 100 } });
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('close', resolve));
  });

  it('names a file that cannot be read', async () => {
    await expect(brokerOf({ tls: { ...server, key: file('none.key') } })).rejects.toMatchObject({
      code: 'config_unreadable',
      field: 'broker.tls.key',
    });
  });
});
