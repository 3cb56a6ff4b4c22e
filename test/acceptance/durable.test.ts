import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../core/index.ts';
import { createBrokerLink, generateSigningKey, sealMessage } from '../../wire/index.ts';
import { Installed } from './installed.ts';
import { QUEUE, registrationMessage } from './registration-message.ts';

/*
 * What a receipt is worth: seen from outside the process, by its system calls, and on a disk that is full.
 */

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function linkTo(muster: Installed, receiptTimeoutMs: number) {
  const link = createBrokerLink({
    hosts: [{ host: '127.0.0.1', port: muster.stompPort }],
    logger: silentLogger(),
    receiptTimeoutMs,
  });
  cleanups.push(() => link.stop());
  const connected = new Promise<void>((done) => {
    link.onState((up) => up && done());
  });
  link.start();
  await connected;
  return link;
}

describe('a receipt', () => {
  it('is written to the socket only after the fsync of its registration has returned', async () => {
    if (spawnSync('strace', ['-V']).error) throw new Error('strace is missing: install the Debian package strace');
    const folder = mkdtempSync(join(tmpdir(), 'muster-trace-'));
    const trace = join(folder, 'trace');
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
    const muster = await Installed.start({
      under: [
        'strace',
        '-D',
        '-f',
        '-qq',
        '-s',
        '400',
        '-e',
        'trace=read,recvfrom,write,writev,sendto,sendmsg,fdatasync,fsync',
        '-o',
        trace,
      ],
    });
    cleanups.push(() => muster.remove());
    const link = await linkTo(muster, 20_000);
    const key = generateSigningKey();
    const ROUNDS = 5;
    for (let i = 1; i <= ROUNDS; i++) {
      const receipt = await link.send(
        QUEUE,
        sealMessage(registrationMessage('db1.acme.net', i, { facts: { round: i } }), key),
        {
          'x-round': `round-${i}`,
        },
      );
      expect(receipt.refused).toBeUndefined();
    }
    await link.stop();
    await muster.down();

    const events = readFileSync(trace, 'utf8')
      .split('\n')
      .flatMap((line) => {
        if (/\b(read|recvfrom)\(.*SEND\\n/.test(line) || /resumed>.*SEND\\n.*x-round/.test(line)) return ['received'];
        if (/\bf(data)?sync\(\d+\)\s+= 0/.test(line) || /<\.\.\. f(data)?sync resumed>.*= 0/.test(line))
          return ['synced'];
        if (/\b(write|writev|sendto|sendmsg)\(.*RECEIPT\\n/.test(line)) return ['receipt'];
        return [];
      });
    const receipts = events.flatMap((event, i) => (event === 'receipt' ? [i] : []));
    // The receipt of DISCONNECT comes after those of the registrations.
    expect(receipts.length).toBeGreaterThanOrEqual(ROUNDS);
    for (const at of receipts.slice(0, ROUNDS)) {
      const before = events.slice(0, at);
      const received = before.lastIndexOf('received');
      expect(received, 'the message is read before its receipt').toBeGreaterThanOrEqual(0);
      expect(before.slice(received), 'a sync returns between the message and its receipt').toContain('synced');
    }
  }, 60_000);
});

describe('a disk that is full', () => {
  it('refuses writes by name, goes on answering, and takes them again when there is room', async () => {
    if (process.getuid?.() !== 0) throw new Error('mounting a small tmpfs needs root');
    const disk = mkdtempSync(join(tmpdir(), 'muster-full-'));
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk]).status).toBe(0);
    cleanups.push(() => {
      spawnSync('umount', ['-l', disk]);
      rmSync(disk, { recursive: true, force: true });
    });
    const muster = await Installed.start({ dataDir: join(disk, 'data') });
    cleanups.push(() => muster.remove());
    const token = { authorization: `Bearer ${muster.adminToken}` };
    const put = (identity: string, size: number) =>
      muster.post('/v1/registrations', { identity, facts: { customer: 'acme', ballast: 'x'.repeat(size) } }, token);

    expect((await put('first.acme.net', 10)).status).toBe(200);
    let full: { status: number; body: string } | undefined;
    for (let i = 0; i < 200 && full === undefined; i++) {
      const answer = await put(`ballast${i}.acme.net`, 400_000);
      if (answer.status !== 200) full = answer;
    }
    expect(full?.status).toBe(507);
    expect(JSON.parse(full?.body ?? '{}').code ?? full?.body).toContain('store_full');

    const link = await linkTo(muster, 1500);
    const key = generateSigningKey();
    const message = sealMessage(
      registrationMessage('late.acme.net', 1, { facts: { ballast: 'y'.repeat(400_000) } }),
      key,
    );
    await expect(link.send(QUEUE, message)).rejects.toMatchObject({ code: 'broker_unreachable' });

    const asked = await muster.get('/v1/nodes?filter=customer%3Dacme&limit=1000');
    expect(asked.status).toBe(200);
    expect(asked.body).toContain('first.acme.net');
    expect(existsSync(join(disk, 'data'))).toBe(true);

    expect(spawnSync('mount', ['-o', 'remount,size=200m', disk]).status).toBe(0);
    const again = await link.send(QUEUE, message).catch(() => link.send(QUEUE, message));
    expect(again.refused).toBeUndefined();
    expect((await put('after.acme.net', 400_000)).status).toBe(200);
    expect((await muster.get('/v1/nodes/late.acme.net')).status).toBe(200);
  }, 60_000);
});

describe('a file left behind', () => {
  it('of a snapshot cut short does no harm', async () => {
    const muster = await Installed.start();
    cleanups.push(() => muster.remove());
    const token = { authorization: `Bearer ${muster.adminToken}` };
    await muster.post('/v1/registrations', { identity: 'db1.acme.net', facts: { customer: 'acme' } }, token);
    await muster.down();
    const snapshot = join(muster.dataDir, 'columns.snapshot');
    const whole = readFileSync(snapshot);
    writeFileSync(snapshot, whole.subarray(0, Math.floor(whole.length / 2)));
    await muster.up();
    const ran = await muster.run('mc-find', ['-W', 'customer=acme']);
    expect(ran.stdout).toBe('db1.acme.net\n');
  }, 60_000);
});
