import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, Installed, run } from './installed.ts';

/*
 * mc-ssh against a real sshd on loopback. The node's identity is no host name of this machine, so an ssh_config beside
 * the keys says where it lives, as an operator's would.
 */

const IDENTITY = 'db1.acme.test';
let muster: Installed;
let sshd: ChildProcess;
let folder: string;
let sshLog = '';

beforeAll(async () => {
  if (!existsSync('/usr/sbin/sshd')) throw new Error('sshd is missing: install the Debian package openssh-server');
  folder = mkdtempSync(join(tmpdir(), 'muster-sshd-'));
  chmodSync(folder, 0o755);
  const port = await freePort();
  for (const name of ['host', 'user']) {
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
  }
  writeFileSync(join(folder, 'authorized_keys'), readFileSync(join(folder, 'user.pub')), { mode: 0o600 });
  writeFileSync(
    join(folder, 'sshd_config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${join(folder, 'host')}`,
      `PidFile ${join(folder, 'pid')}`,
      `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
      'StrictModes no',
      'PasswordAuthentication no',
      'UsePAM no',
      'PermitRootLogin yes',
      '',
    ].join('\n'),
  );
  writeFileSync(
    join(folder, 'ssh_config'),
    [
      `Host ${IDENTITY}`,
      '  HostName 127.0.0.1',
      `  Port ${port}`,
      `  User ${userInfo().username}`,
      `  IdentityFile ${join(folder, 'user')}`,
      `  UserKnownHostsFile ${join(folder, 'known_hosts')}`,
      '  StrictHostKeyChecking accept-new',
      '  LogLevel ERROR',
      '',
    ].join('\n'),
  );
  mkdirSync('/run/sshd', { recursive: true });
  sshd = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(folder, 'sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  sshd.stderr?.on('data', (chunk: Buffer) => {
    sshLog += chunk.toString();
  });
  await accepting(port);

  muster = await Installed.start();
  const documents = [
    { identity: IDENTITY, facts: { customer: 'acme', environment: 'development' }, classes: ['mysql::master'] },
    { identity: 'db2.acme.test', facts: { customer: 'acme', environment: 'production' }, classes: ['mysql::master'] },
  ];
  const imported = await muster.run('muster', ['import', '-'], {
    input: documents.map((one) => JSON.stringify(one)).join('\n'),
  });
  expect(imported.status).toBe(0);
}, 60_000);

afterAll(async () => {
  sshd?.kill();
  await muster?.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function accepting(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const open = await new Promise<boolean>((done) => {
      const socket = connect(port, '127.0.0.1', () => done(true)).on('error', () => done(false));
      socket.on('close', () => {}).unref();
      setTimeout(() => socket.destroy(), 50).unref();
    });
    if (open) return;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`sshd does not accept:\n${sshLog}`);
}

describe('mc-ssh', () => {
  const ssh = (...more: string[]) => muster.run('mc-ssh', [...more]);
  const filter = ['-W', 'environment=development customer=acme mysql::master'];

  it('logs in to the one machine that matches and runs a command there', async () => {
    const ran = await ssh(...filter, '--', '-F', join(folder, 'ssh_config'), '-T', 'echo', 'uid=$(id -u)');
    expect(ran.stderr + sshLog).not.toContain('refused');
    expect(ran.stdout).toContain(`Running: ssh ${IDENTITY}`);
    expect(ran.stdout).toContain(`uid=${process.getuid?.()}`);
    expect(ran.status).toBe(0);
  });

  it('ends with the status that ssh ended with', async () => {
    const ran = await ssh(...filter, '--', '-F', join(folder, 'ssh_config'), '-T', 'exit', '7');
    expect(ran.status).toBe(7);
  });

  it('passes arguments on as they are, without a shell on this side', async () => {
    const ran = await ssh(...filter, '--dry-run', '--', '-v', '$(touch /tmp/never); uptime');
    expect(ran.stdout).toContain(`Running: ssh ${IDENTITY}`);
    expect(existsSync('/tmp/never')).toBe(false);
  });

  it('without a terminal lists several matches and starts nothing', async () => {
    const ran = await ssh('-W', 'customer=acme mysql::master');
    expect(ran.status).toBe(2);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toContain(IDENTITY);
    expect(ran.stderr).toContain('db2.acme.test');
  });

  it('says that nobody matched', async () => {
    const ran = await ssh('-W', 'customer=nobody');
    expect(ran.status).toBe(1);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).not.toBe('');
  });
});
