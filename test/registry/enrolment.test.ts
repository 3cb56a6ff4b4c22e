import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry as PromRegistry } from 'prom-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig, silentLogger } from '../../core/index.ts';
import { createRegistry, enrolmentModeOf } from '../../registry/index.ts';
import { fingerprint, joinProof } from '../../wire/index.ts';
import {
  BY_ADMIN,
  identity,
  json,
  OVER_STOMP,
  type RegistryUnderTest,
  registryForTest,
  TestNode,
} from './registry-for-test.ts';

const open: RegistryUnderTest[] = [];
let folder: string;
let joinTokenFile: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-join-'));
  joinTokenFile = join(folder, 'join');
  await writeFile(joinTokenFile, 'the join token\n');
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  for (const one of open.splice(0)) await one.dispose();
});

async function start(enrol: string): Promise<RegistryUnderTest> {
  const join = enrol === 'join-token' ? { 'security.joinTokenFile': joinTokenFile } : {};
  const test = await registryForTest({ settings: { 'security.enrol': enrol, ...join } });
  open.push(test);
  return test;
}

const DB1 = identity('db1.acme.net');
const codeOf = async ({ registry }: RegistryUnderTest, sealed: Uint8Array) => {
  const outcome = await registry.submit(sealed, OVER_STOMP);
  return outcome.kind === 'taken' ? outcome.outcome : outcome.error.code;
};

describe('how new keys are taken', () => {
  it('is at first use where every listener is on loopback, by approval otherwise, or as set', () => {
    const mode = (flags: Record<string, unknown>) => enrolmentModeOf(loadConfig({ env: {}, flags }).config);
    expect(mode({})).toBe('first-use');
    expect(mode({ 'http.listen': '[::1]:0' })).toBe('first-use');
    expect(mode({ 'http.listen': '0.0.0.0:8420' })).toBe('approve');
    expect(mode({ 'broker.embedded': '10.0.0.1:6163' })).toBe('approve');
    expect(mode({ 'broker.embedded': false })).toBe('approve');
    expect(mode({ 'http.listen': '0.0.0.0:8420', 'security.enrol': 'first-use' })).toBe('first-use');
  });
});

describe('at first use', () => {
  it('the first key gets the identity, and of many at once exactly one', async () => {
    const test = await start('first-use');
    const rivals = Array.from({ length: 20 }, () => new TestNode('db1.acme.net', test.clock));
    const codes = await Promise.all(rivals.map((rival) => codeOf(test, rival.sealed())));
    expect(codes.filter((code) => code === 'inserted')).toHaveLength(1);
    expect(codes.filter((code) => code === 'identity_owned')).toHaveLength(19);
    const owner = rivals[codes.indexOf('inserted')] as TestNode;
    expect(await test.registry.enrolment.get(DB1)).toMatchObject({
      state: 'enrolled',
      key: owner.key.publicKey,
      by: 'first-use',
    });
    expect(await test.registry.enrolment.standing(DB1, owner.key.publicKey)).toBe('enrolled');
    expect(await test.registry.enrolment.standing(DB1, 'other')).toBe('owned-by-another');
    expect(await test.registry.enrolment.standing(identity('new'), 'other')).toBe('unknown');
  });

  it('a rebuilt host gets in again after rebind, and the old key is out', async () => {
    const test = await start('first-use');
    const old = new TestNode('db1.acme.net', test.clock);
    const rebuilt = new TestNode('db1.acme.net', test.clock);
    expect(await codeOf(test, old.sealed())).toBe('inserted');
    test.clock.advance(1);
    expect(await codeOf(test, rebuilt.sealed())).toBe('identity_owned');
    expect(await test.registry.nodes.rebind(DB1)).toEqual({ identity: DB1, outcome: 'rebound', nextKey: 'first-use' });
    expect(await codeOf(test, rebuilt.sealed({ facts: { n: 2 } }))).toBe('changed');
    expect(await codeOf(test, old.sealed())).toBe('identity_owned');
  });

  it.each(['rebind', 'forget'] as const)(
    'after %s a message kept from before does not bind the old key again',
    async (act) => {
      const test = await start('first-use');
      const old = new TestNode('db1.acme.net', test.clock);
      const kept = old.sealed();
      expect(await codeOf(test, kept)).toBe('inserted');
      test.clock.advance(60);
      await test.registry.nodes[act](DB1);
      test.clock.advance(1);
      expect(await codeOf(test, kept)).toBe('message_replayed');
      expect(await codeOf(test, new TestNode('db1.acme.net', test.clock).sealed({ facts: { n: 2 } }))).toMatch(
        /^(inserted|changed)$/,
      );
      expect(await codeOf(test, kept)).toBe('identity_owned');
    },
  );
});

describe('by approval', () => {
  it('a key waits until it is approved, and its later messages fill no dead letters', async () => {
    const test = await start('approve');
    const node = new TestNode('Db1.acme.net', test.clock);
    for (let i = 0; i < 3; i++) expect(await codeOf(test, node.sealed())).toBe('sender_pending');
    expect(test.registry.deadLetters.counts.kept).toBe(1);
    expect(await test.registry.enrolment.list({ limit: 10, waitingOnly: true })).toMatchObject([
      { state: 'pending', identity: 'Db1.acme.net', candidates: [{ fingerprint: fingerprint(node.key.publicKey) }] },
    ]);
    expect(await test.registry.nodes.approve(DB1)).toMatchObject({
      outcome: 'approved',
      fingerprint: fingerprint(node.key.publicKey),
    });
    expect(await codeOf(test, node.sealed())).toBe('inserted');
    expect(await test.registry.enrolment.list({ limit: 10, waitingOnly: true })).toEqual([]);
  });

  it('of several that wait one is chosen by its fingerprint', async () => {
    const test = await start('approve');
    const [one, other] = [new TestNode('db1.acme.net', test.clock), new TestNode('db1.acme.net', test.clock)];
    await codeOf(test, one.sealed());
    await codeOf(test, other.sealed());
    await expect(test.registry.nodes.approve(DB1)).rejects.toMatchObject({
      code: 'argument_invalid',
      field: 'fingerprint',
    });
    await expect(test.registry.nodes.approve(DB1, 'SHA256:none')).rejects.toMatchObject({ code: 'argument_invalid' });
    await test.registry.nodes.approve(DB1, fingerprint(other.key.publicKey));
    expect(await codeOf(test, other.sealed())).toBe('inserted');
    expect(await codeOf(test, one.sealed())).toBe('identity_owned');
    await expect(test.registry.nodes.approve(identity('nobody'))).rejects.toMatchObject({ code: 'identity_unknown' });
  });

  it('at most eight keys wait for one identity', async () => {
    const test = await start('approve');
    for (let i = 0; i < 12; i++) await codeOf(test, new TestNode('db1.acme.net', test.clock).sealed());
    const record = await test.registry.enrolment.get(DB1);
    expect(record?.state === 'pending' && record.candidates.length).toBe(8);
  });
});

describe('by join token', () => {
  it('who proves to hold it is enrolled, a wrong proof is refused, and without one the key waits', async () => {
    const test = await start('join-token');
    const node = new TestNode('db1.acme.net', test.clock);
    const proof = joinProof('the join token', node.key.publicKey, 'db1.acme.net', test.clock.seconds);
    expect(await codeOf(test, node.sealed({}, { join: '0'.repeat(64) }))).toBe('sender_unknown');
    const thief = new TestNode('db1.acme.net', test.clock);
    expect(await codeOf(test, thief.sealed({}, { join: proof }))).toBe('sender_unknown');
    expect(await codeOf(test, node.sealed())).toBe('sender_pending');
    expect(await codeOf(test, node.sealed({}, { join: proof }))).toBe('inserted');
    expect(await codeOf(test, node.sealed())).toBe('unchanged');
    expect(await test.registry.enrolment.get(DB1)).toMatchObject({ state: 'enrolled', by: 'join-token' });
  });

  it('needs a file that can be read and is not empty', async () => {
    const test = await start('first-use');
    const begin = (settings: Record<string, unknown>) =>
      createRegistry({
        store: test.store,
        config: loadConfig({ env: {}, flags: { 'security.enrol': 'join-token', ...settings } }).config,
        clock: test.clock,
        logger: silentLogger(),
        metrics: new PromRegistry(),
        workerFile: 'inline',
      });
    const empty = join(folder, 'empty');
    await writeFile(empty, '\n');
    await expect(begin({})).rejects.toMatchObject({ code: 'config_invalid', field: 'security.joinTokenFile' });
    await expect(begin({ 'security.joinTokenFile': join(folder, 'none') })).rejects.toMatchObject({
      code: 'key_unreadable',
    });
    await expect(begin({ 'security.joinTokenFile': empty })).rejects.toMatchObject({ code: 'key_unreadable' });
  });
});

describe('a retired node', () => {
  it('does not come back by registering, neither by its key nor by another nor by token', async () => {
    const test = await start('first-use');
    const node = new TestNode('db1.acme.net', test.clock);
    expect(await codeOf(test, node.sealed())).toBe('inserted');
    expect(await test.registry.nodes.retire(DB1)).toMatchObject({ outcome: 'retired', position: expect.any(String) });
    expect(await codeOf(test, node.sealed())).toBe('identity_retired');
    expect(await codeOf(test, new TestNode('db1.acme.net', test.clock).sealed())).toBe('identity_retired');
    expect(await test.registry.submit(json({ identity: 'db1.acme.net', facts: {} }), BY_ADMIN)).toMatchObject({
      error: { code: 'identity_retired' },
    });
    expect((await test.store.read([DB1]))[0]?.retired).toBe(test.clock.seconds);
    await expect(test.registry.nodes.rebind(DB1)).rejects.toMatchObject({ code: 'identity_retired' });
  });

  it('comes back by approval of the key that knocked', async () => {
    const test = await start('first-use');
    const node = new TestNode('db1.acme.net', test.clock);
    await codeOf(test, node.sealed());
    await test.registry.nodes.retire(DB1);
    await codeOf(test, node.sealed());
    expect(await test.registry.enrolment.list({ limit: 10, waitingOnly: true })).toMatchObject([{ state: 'retired' }]);
    expect(await test.registry.nodes.approve(DB1)).toMatchObject({ outcome: 'approved', position: expect.any(String) });
    expect(await codeOf(test, node.sealed({ facts: { back: true } }))).toBe('changed');
  });

  it('comes back by restore or approval before it knocked, its next key taken as a new one', async () => {
    const test = await start('first-use');
    for (const act of ['restore', 'approve'] as const) {
      const node = new TestNode('db1.acme.net', test.clock);
      await codeOf(test, node.sealed());
      await test.registry.nodes.retire(DB1);
      expect(await test.registry.nodes[act](DB1)).toMatchObject({ outcome: 'restored', nextKey: 'first-use' });
      test.clock.advance(1);
      expect(await codeOf(test, new TestNode('db1.acme.net', test.clock).sealed({ facts: { act } }))).toBe('changed');
      await test.registry.nodes.rebind(DB1);
      test.clock.advance(1);
    }
  });

  it('or any other is gone after forget, and may come as a new one', async () => {
    const test = await start('first-use');
    const node = new TestNode('db1.acme.net', test.clock);
    await codeOf(test, node.sealed());
    await test.registry.nodes.retire(DB1);
    expect(await test.registry.nodes.forget(DB1)).toMatchObject({ outcome: 'forgotten' });
    expect(await test.store.count()).toBe(0);
    expect(await codeOf(test, new TestNode('db1.acme.net', test.clock).sealed())).toBe('inserted');
  });

  it.each(['retire', 'restore', 'rebind', 'forget'] as const)('%s of a node that is not there is said', async (act) => {
    const test = await start('first-use');
    await expect(test.registry.nodes[act](identity('nobody'))).rejects.toMatchObject({ code: 'identity_unknown' });
  });
});
