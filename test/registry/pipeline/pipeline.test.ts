import { afterEach, describe, expect, it } from 'vitest';
import { type NodeStore, type Outcome, type Registry, StoreError } from '../../../registry/index.ts';
import {
  BY_ADMIN,
  figure,
  identity,
  json,
  OVER_STOMP,
  type RegistryUnderTest,
  registryForTest,
  TestNode,
} from '../registry-for-test.ts';
import { workerFile } from '../worker-file.ts';

const open: RegistryUnderTest[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.dispose();
});

async function start(...args: Parameters<typeof registryForTest>): Promise<RegistryUnderTest> {
  const test = await registryForTest(...args);
  open.push(test);
  return test;
}

const plain = (name: string, facts: object = {}) => json({ identity: name, facts });

/** A store whose apply goes through `apply`. */
function withApply(
  apply: (changes: Parameters<NodeStore['apply']>[0], store: NodeStore) => ReturnType<NodeStore['apply']>,
) {
  return (store: NodeStore): NodeStore =>
    new Proxy(store, {
      get(target, key) {
        if (key === 'apply') return (changes: Parameters<NodeStore['apply']>[0]) => apply(changes, target);
        const value = Reflect.get(target, key, target) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
}

describe('the pipeline', () => {
  it('gathers what comes together into batches and gives each its own outcome', async () => {
    const test = await start({ workerFile: workerFile() });
    const outcomes = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => test.registry.submit(plain(`n${i}.acme.net`, { i }), BY_ADMIN)),
    );
    for (const [i, outcome] of outcomes.entries()) {
      expect(outcome).toMatchObject({ outcome: 'inserted', identity: `n${i}.acme.net` });
    }
    expect(await test.store.count()).toBe(1000);
    expect((await test.store.read([identity('n777.acme.net')]))[0]?.facts).toEqual({ i: 777 });
    const batches = await test.metrics.getSingleMetric('muster_registry_batch_size')?.get();
    const count = batches?.values.find(
      (one) => 'metricName' in one && one.metricName === 'muster_registry_batch_size_count',
    );
    expect(count?.value).toBeLessThan(50);
  });

  it('applies registrations of one node in the order they came, whichever thread is quicker', async () => {
    const test = await start({ workerFile: workerFile() });
    const ballast = 'x'.repeat(200_000);
    const sent = Array.from({ length: 60 }, (_, n) =>
      plain('db1.acme.net', { n, ...(n % 7 === 0 ? { ballast } : {}) }),
    );
    await Promise.all(sent.map((bytes) => test.registry.submit(bytes, BY_ADMIN)));
    expect((await test.store.read([identity('db1.acme.net')]))[0]?.facts).toEqual({ n: 59 });
  });

  it('knows an unchanged node by its content, and stores its volatile facts all the same', async () => {
    const test = await start();
    const facts = (uptime: number, os = 'Debian') => ({ os: { name: os }, uptime_seconds: uptime });
    expect(await test.registry.submit(plain('db1', facts(1)), BY_ADMIN)).toMatchObject({ outcome: 'inserted' });
    test.clock.advance(300);
    expect(await test.registry.submit(plain('db1', facts(301)), BY_ADMIN)).toMatchObject({ outcome: 'unchanged' });
    const [node] = await test.store.read([identity('db1')]);
    expect(node).toMatchObject({ facts: facts(301), lastseen: test.clock.seconds, changed: test.clock.seconds - 300 });
    expect(await test.registry.submit(plain('db1', facts(301, 'Ubuntu')), BY_ADMIN)).toMatchObject({
      outcome: 'changed',
    });
  });

  it('answers when queries see the write, but waits for no read side that fails or stands still', async () => {
    let seen: string[] = [];
    const test = await start({ visible: async (position) => void seen.push(position) });
    const outcome = await test.registry.submit(plain('db1'), BY_ADMIN);
    expect(outcome.kind === 'taken' && seen.includes(outcome.position)).toBe(true);
    seen = [];
    const failing = await start({ visible: () => Promise.reject(new Error('gone')) });
    expect(await failing.registry.submit(plain('db1'), BY_ADMIN)).toMatchObject({ outcome: 'inserted' });
    const standing = await start({ visible: () => new Promise(() => {}) });
    expect(await standing.registry.submit(plain('db1'), BY_ADMIN)).toMatchObject({ outcome: 'inserted' });
  });
});

describe('when the store fails', () => {
  it('nothing is decided: every sender is told to come again, and it goes on when the store does', async () => {
    let full = true;
    const wrap = withApply((changes, store) =>
      full ? Promise.reject(new StoreError('store_full', 'No room')) : store.apply(changes),
    );
    const test = await start({ wrap });
    const sent = [plain('a.acme.net'), plain('b.acme.net')];
    const failed = await Promise.allSettled(sent.map((bytes) => test.registry.submit(bytes, BY_ADMIN)));
    expect(failed).toMatchObject([{ reason: { code: 'store_full' } }, { reason: { code: 'store_full' } }]);
    expect(test.registry.deadLetters.counts.kept).toBe(0);
    full = false;
    for (const bytes of sent)
      expect(await test.registry.submit(bytes, BY_ADMIN)).toMatchObject({ outcome: 'inserted' });
  });

  it('by one registration alone, that one is refused and kept, its neighbours go in', async () => {
    const wrap = withApply((changes, store) => {
      const poisoned = changes.some(
        (one) => one.kind === 'register' && one.registration.identity === 'poison.acme.net',
      );
      return poisoned ? Promise.reject(new TypeError('cannot be written')) : store.apply(changes);
    });
    const test = await start({ wrap });
    const names = ['a.acme.net', 'poison.acme.net', 'b.acme.net'];
    const outcomes = await Promise.all(names.map((name) => test.registry.submit(plain(name), BY_ADMIN)));
    expect(outcomes).toMatchObject([
      { outcome: 'inserted' },
      { kind: 'refused', error: { code: 'internal_error' }, deadLetter: expect.any(String) },
      { outcome: 'inserted' },
    ]);
  });
});

describe('when more comes than can be done', () => {
  it('the queue is bounded: what is beyond is told so, what is in is answered, and room comes back', async () => {
    let go: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const test = await start({ wrap: withApply(async (changes, store) => gate.then(() => store.apply(changes))) });
    const taken: Promise<Outcome>[] = [];
    while (test.registry.hasRoom) taken.push(test.registry.submit(plain(`n${taken.length}`), BY_ADMIN));
    expect(taken.length).toBe(4096);
    await expect(test.registry.submit(plain('late'), BY_ADMIN)).rejects.toMatchObject({ code: 'overloaded' });
    const room = test.registry.room();
    go();
    await room;
    expect(await test.registry.submit(plain('late'), BY_ADMIN)).toMatchObject({ outcome: 'inserted' });
    expect((await Promise.all(taken)).every((outcome) => outcome.kind === 'taken')).toBe(true);
  });

  it('the bytes it holds are bounded too', async () => {
    const test = await start({ wrap: withApply(() => new Promise(() => {})) });
    const megabyte = plain('big', { x: 'y'.repeat(2 ** 20 - 100) });
    let taken = 0;
    for (; test.registry.hasRoom; taken++) test.registry.submit(megabyte, BY_ADMIN).catch(() => {});
    expect(taken).toBeGreaterThan(60);
    expect(taken).toBeLessThan(70);
    open.splice(open.indexOf(test), 1);
    await test.store.close();
  });

  it('refusals are logged within a bound and counted without one', async () => {
    const test = await start();
    for (let i = 0; i < 50; i++) await test.registry.submit(json([]), BY_ADMIN);
    expect(test.logged.filter((line) => line.code === 'registration_invalid')).toHaveLength(10);
    expect(await figure(test.metrics, 'muster_registrations_refused_total', { code: 'registration_invalid' })).toBe(50);
    test.clock.advance(11);
    await test.registry.submit(json([]), BY_ADMIN);
    expect(test.logged.find((line) => line.count === 40)).toMatchObject({ code: 'registration_invalid' });
  });
});

describe('a stop', () => {
  it('answers everything that was taken and takes no more', async () => {
    const test = await start();
    const taken = Array.from({ length: 300 }, (_, i) => test.registry.submit(plain(`n${i}`), BY_ADMIN));
    const closed = test.registry.close();
    await expect(test.registry.submit(plain('late'), BY_ADMIN)).rejects.toMatchObject({ code: 'shutting_down' });
    await closed;
    expect((await Promise.all(taken)).every((outcome) => outcome.kind === 'taken')).toBe(true);
    expect(await test.store.count()).toBe(300);
  });
});

describe('the examining thread', () => {
  it('that cannot start is said at start', async () => {
    await expect(start({ workerFile: new URL('file:///nowhere/worker.cjs') })).rejects.toMatchObject({
      code: 'internal_error',
    });
  });

  it('that dies is started again, and its batch is not lost', async () => {
    const { createThreadExaminer } = await import('../../../registry/pipeline/examiner.ts');
    const { mkdtemp, writeFile, rm } = await import('node:fs/promises');
    const { tmpdir } = await import('node:os');
    const { join } = await import('node:path');
    const { pathToFileURL } = await import('node:url');
    const folder = await mkdtemp(join(tmpdir(), 'muster-thread-'));
    const file = join(folder, 'worker.cjs');
    // Ends at its first batch, then works.
    await writeFile(
      file,
      `const { parentPort } = require('node:worker_threads');
       const fs = require('node:fs');
       parentPort.on('message', (batch) => {
         if (!fs.existsSync(${JSON.stringify(`${file}.died`)})) { fs.writeFileSync(${JSON.stringify(`${file}.died`)}, ''); process.exit(3); }
         parentPort.postMessage({ id: batch.id, bytes: new ArrayBuffer(0), results: JSON.stringify([{ ok: false, error: { code: 'message_malformed' } }]) });
       });
       parentPort.postMessage('ready');`,
    );
    const examiner = createThreadExaminer(pathToFileURL(file), { accept: [], volatile: [] }, 1);
    await examiner.ready;
    const job = { bytes: new Uint8Array(3), destination: undefined, receivedAt: 1 };
    await expect(examiner.examine([job])).rejects.toMatchObject({ code: 'internal_error' });
    expect(await examiner.examine([job])).toMatchObject([{ ok: false, error: { code: 'message_malformed' } }]);
    await examiner.close();
    await rm(folder, { recursive: true });
  });
});

describe('a replayed dead letter', () => {
  const lettersOf = (registry: Registry) => registry.deadLetters.list({ limit: 100 });

  it('goes in once its reason is gone, judged by when it was received, and is removed', async () => {
    const test = await start({ settings: { 'security.enrol': 'approve' } });
    const node = new TestNode('db1.acme.net', test.clock);
    const sent = node.sealed({ facts: { n: 1 } }, { ttl: 600 });
    expect(await test.registry.submit(sent, OVER_STOMP)).toMatchObject({ error: { code: 'sender_pending' } });
    const [letter] = await lettersOf(test.registry);
    expect(letter).toMatchObject({
      receivedAt: test.clock.ms,
      error: { code: 'sender_pending' },
      encoding: 'utf8',
      cut: false,
    });
    test.clock.advance(5000);
    await test.registry.nodes.approve(identity('db1.acme.net'));
    expect(await test.registry.replay(letter?.id ?? '')).toMatchObject({ kind: 'taken', outcome: 'inserted' });
    expect(await lettersOf(test.registry)).toEqual([]);
    expect((await test.store.read([identity('db1.acme.net')]))[0]).toMatchObject({
      lastseen: test.clock.seconds - 5000,
    });
  });

  it('that is refused again stays one letter, and says how often', async () => {
    const test = await start();
    await test.registry.submit(Buffer.from([0xff, 0xfe]), BY_ADMIN);
    const [letter] = await lettersOf(test.registry);
    expect(letter).toMatchObject({ encoding: 'base64', replays: 0 });
    expect(await test.registry.replay(letter?.id ?? '')).toMatchObject({ error: { code: 'message_not_utf8' } });
    expect(await lettersOf(test.registry)).toMatchObject([{ id: letter?.id, replays: 1 }]);
    await expect(test.registry.replay('none')).rejects.toMatchObject({ code: 'deadletter_unknown' });
  });

  it('does not overwrite what the node said since', async () => {
    const test = await start();
    const caller = { role: 'register', callerid: 'token=web', identityPattern: 'web*' } as const;
    const refused = await test.registry.submit(plain('db1', { n: 'old' }), { via: 'http', caller });
    expect(refused).toMatchObject({ error: { code: 'not_for_this_token' } });
    const [letter] = await lettersOf(test.registry);
    test.clock.advance(10);
    await test.registry.submit(plain('db1', { n: 'new' }), BY_ADMIN);
    await expect(test.registry.replay(letter?.id ?? '')).rejects.toMatchObject({ code: 'message_replayed' });
    expect((await test.store.read([identity('db1')]))[0]?.facts).toEqual({ n: 'new' });
  });

  it('of a token without the right is the administrator’s word', async () => {
    const test = await start();
    const caller = { role: 'register', callerid: 'token=web', identityPattern: 'web*' } as const;
    await test.registry.submit(plain('db1', { n: 1 }), { via: 'http', caller });
    const [letter] = await lettersOf(test.registry);
    expect(await test.registry.replay(letter?.id ?? '')).toMatchObject({ outcome: 'inserted' });
    expect((await test.store.read([identity('db1')]))[0]?.source).toMatchObject({
      callerid: 'token=web',
      proof: 'token',
    });
  });
});
