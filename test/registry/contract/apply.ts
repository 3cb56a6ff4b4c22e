import { describe, expect, it } from 'vitest';
import { forget, type OpenStore, outcomes, readOne, register, restore, retire } from './fixtures.ts';
import { withStore } from './with-store.ts';

/** What becomes of a change: outcomes, order, ownership, states. */
export function applyContract(open: OpenStore): void {
  const use = withStore(open);

  describe('a registration', () => {
    it('of a new node is inserted and read back whole', () =>
      use(async ({ store }) => {
        const change = register('Db1.Acme.net', {
          facts: { role: 'db', load_averages: { '1m': 0.5 } },
          extra: { site: { rack: 7 } },
          at: 100,
          interval: 60,
        });
        const { results } = await store.apply([change]);
        const node = await readOne(store, 'db1.acme.NET');
        expect(results).toEqual([{ outcome: 'inserted', identity: 'Db1.Acme.net', revision: node?.revision }]);
        expect(node).toEqual({
          _id: expect.stringMatching(/^[0-9a-f]{24}$/),
          format: 1,
          identity: 'Db1.Acme.net',
          fqdn: 'Db1.Acme.net',
          facts: { role: 'db', load_averages: { '1m': 0.5 } },
          classes: ['common'],
          agentlist: ['discovery'],
          collectives: ['mcollective'],
          lastseen: 100,
          firstseen: 100,
          changed: 100,
          revision: expect.any(Number),
          digest: change.registration.digest,
          interval: 60,
          source: change.source,
          extra: { site: { rack: 7 } },
        });
      }));

    it('with other content is changed, and keeps _id and firstseen', () =>
      use(async ({ store }) => {
        await store.apply([register('web1', { at: 100 })]);
        const before = await readOne(store, 'web1');
        expect(await outcomes(store, register('web1', { at: 400, facts: { role: 'db' } }))).toEqual(['changed']);
        const after = await readOne(store, 'web1');
        expect(after).toMatchObject({ _id: before?._id, firstseen: 100, changed: 400, facts: { role: 'db' } });
        expect(after?.revision).toBeGreaterThan(before?.revision ?? 0);
      }));

    it('with the same content is unchanged: only lastseen, interval, source and revision move', () =>
      use(async ({ store }) => {
        await store.apply([register('web1', { at: 100 })]);
        const before = await readOne(store, 'web1');
        expect(await outcomes(store, register('web1', { at: 400, interval: null }))).toEqual(['unchanged']);
        const after = await readOne(store, 'web1');
        expect(after).toEqual({ ...before, lastseen: 400, interval: null, revision: after?.revision });
        expect(after?.revision).toBeGreaterThan(before?.revision ?? 0);
      }));

    it('with other volatile facts is unchanged, and they are stored at once', () =>
      use(async ({ store }) => {
        const facts = (load: number, mounts: readonly string[]) => ({
          role: 'web',
          load_averages: { '1m': load },
          mountpoints: Object.fromEntries(mounts.map((mount) => [mount, { device: 'sda', used_bytes: load }])),
        });
        await store.apply([register('web1', { at: 100, facts: facts(1, ['/', '/var']) })]);
        const before = await readOne(store, 'web1');
        expect(await outcomes(store, register('web1', { at: 400, facts: facts(2, ['/', '/var']) }))).toEqual([
          'unchanged',
        ]);
        const after = await readOne(store, 'web1');
        expect(after?.facts).toEqual(facts(2, ['/', '/var']));
        expect(after).toMatchObject({ changed: 100, digest: before?.digest });
        await store.apply([register('web1', { at: 700, facts: { ...facts(2, ['/', '/var']), load_averages: {} } })]);
        await store.apply([register('web1', { at: 1000, facts: { role: 'web' } })]);
        expect((await readOne(store, 'web1'))?.facts).toEqual({ role: 'web' });
      }));

    it('twice in one batch is taken twice, in order', () =>
      use(async ({ store }) => {
        const batch = [
          register('web1', { at: 100 }),
          register('web1', { at: 101 }),
          register('WEB1', { at: 102, facts: { role: 'db' } }),
          forget('web1'),
          register('web1', { at: 103 }),
        ];
        expect(await outcomes(store, ...batch)).toEqual(['inserted', 'unchanged', 'changed', 'forgotten', 'inserted']);
        expect(await readOne(store, 'web1')).toMatchObject({
          identity: 'web1',
          firstseen: 103,
          facts: { role: 'web' },
        });
        expect(await store.count()).toBe(1);
      }));

    it('comes back with every kind of key and value as it was', () =>
      use(async ({ store }) => {
        const facts = JSON.parse(
          `{"eth0.100":{"ip":"10.0.0.1"},"$set":{"$inc":1},"__proto__":{"polluted":true},"a%b":1,"":"empty","ünïcode ☃ 🜚":"日本",
            "constructor":{"name":"x"},"toJSON":"text","hasOwnProperty":1,"then":2,"0":"zero","n":null,"t":true,"list":[1,[2,{"x.y":null}],{}],
            "big":9007199254740991,"negative":-2147483649,"fraction":0.1,"empty":{},"none":[],"text":"line\\nnul\\u0000end"}`,
        );
        const change = register('odd1', { facts, extra: facts });
        await store.apply([change, register('odd2')]);
        const node = await readOne(store, 'odd1');
        expect(node?.facts).toEqual(change.registration.facts);
        expect(node?.extra).toEqual(change.registration.extra);
        expect(await readOne(store, 'odd2')).toBeDefined();
        expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
      }));
  });

  describe('the order of messages', () => {
    const order = (msgtime: number, sequence: number) => ({ order: { msgtime, sequence } });

    it.each([
      ['a newer time', order(101, 0), 'unchanged'],
      ['the same time and a higher sequence', order(100, 6), 'unchanged'],
      ['the same time and sequence', order(100, 5), 'duplicate'],
      ['the same time and a lower sequence', order(100, 4), 'replayed'],
      ['an older time', order(99, 9), 'replayed'],
      ['no order', {}, 'unchanged'],
    ] as const)('with %s', (_, said, outcome) =>
      use(async ({ store }) => {
        await store.apply([register('web1', { at: 100, ...order(100, 5) })]);
        const before = await readOne(store, 'web1');
        const { results } = await store.apply([register('web1', { at: 200, ...said })]);
        const after = await readOne(store, 'web1');
        expect(results).toEqual([{ outcome, identity: 'web1', revision: after?.revision }]);
        if (outcome !== 'unchanged') expect(after).toEqual(before);
      }),
    );

    it('is kept when a sender without order comes between', () =>
      use(async ({ store }) => {
        await store.apply([register('web1', order(100, 5))]);
        await store.apply([register('web1', { proof: 'key', at: 200 })]);
        expect(await outcomes(store, register('web1', order(100, 4)))).toEqual(['replayed']);
      }));

    it('holds within a batch and after opening again', () =>
      use(async (under) => {
        const changes = [
          register('web1', order(100, 2)),
          register('web1', order(100, 1)),
          register('web1', order(100, 2)),
        ];
        expect(await outcomes(under.store, ...changes)).toEqual(['inserted', 'replayed', 'duplicate']);
        const store = await under.reopen();
        expect(await outcomes(store, register('web1', order(100, 2)))).toEqual(['duplicate']);
      }));
  });

  describe('ownership', () => {
    const rank = { shared: 0, token: 1, certificate: 2, key: 2 } as const;
    const proofs = Object.keys(rank) as (keyof typeof rank)[];
    const pairs = proofs.flatMap((stored) => proofs.map((incoming) => [stored, incoming] as const));

    it.each(pairs)('of a document by %s, written by %s', (stored, incoming) =>
      use(async ({ store }) => {
        await store.apply([register('web1', { proof: stored })]);
        const before = await readOne(store, 'web1');
        const change = register('web1', { proof: incoming, facts: { role: 'taken' }, callerid: 'token=admin' });
        const allowed = rank[incoming] >= rank[stored];
        expect(await outcomes(store, change)).toEqual([allowed ? 'changed' : 'owned']);
        const after = await readOne(store, 'web1');
        if (allowed) expect(after?.source).toEqual(change.source);
        else expect(after).toEqual(before);
      }),
    );

    it('is not asked of an administrator', () =>
      use(async ({ store }) => {
        await store.apply([register('web1', { proof: 'key' })]);
        const change = register('web1', { proof: 'token', facts: { role: 'taken' } });
        expect(await outcomes(store, { ...change, byAdmin: true })).toEqual(['changed']);
        expect(await outcomes(store, register('web1', { proof: 'key' }))).toEqual(['changed']);
      }));
  });

  describe('the fully qualified name', () => {
    it('brings a node that now calls itself by it to its own document', () =>
      use(async ({ store }) => {
        await store.apply([register('web1', { fqdn: 'Web1.Acme.net', proof: 'shared', at: 100 })]);
        const before = await readOne(store, 'web1');
        expect(await outcomes(store, register('web1.acme.net', { at: 200 }))).toEqual(['changed']);
        const after = await readOne(store, 'web1.acme.net');
        expect(after).toMatchObject({ _id: before?._id, firstseen: 100, changed: 200, identity: 'web1.acme.net' });
        expect(await readOne(store, 'web1')).toBeUndefined();
        expect(await store.count()).toBe(1);
      }));

    it('does so within one batch too', () =>
      use(async ({ store }) => {
        const old = register('web1', { fqdn: 'web1.acme.net', proof: 'shared' });
        expect(await outcomes(store, old, register('web1.acme.net'))).toEqual(['inserted', 'changed']);
        expect(await store.count()).toBe(1);
      }));

    it('does not give away the document of a node bound by its key', () =>
      use(async ({ store }) => {
        await store.apply([register('web1', { fqdn: 'web1.acme.net', proof: 'key' })]);
        expect(await outcomes(store, register('web1.acme.net'))).toEqual(['inserted']);
        expect(await store.count()).toBe(2);
      }));

    it('does not give away the document of one token to another', () =>
      use(async ({ store }) => {
        const own = { proof: 'token', callerid: 'token=web1' } as const;
        await store.apply([register('web1', { ...own, fqdn: 'web1.acme.net' })]);
        const other = { ...own, callerid: 'token=other' };
        expect(await outcomes(store, register('web1.acme.net', other))).toEqual(['inserted']);
        expect(await store.count()).toBe(2);
        await store.apply([register('web2', { ...own, fqdn: 'web2.acme.net' })]);
        expect(await outcomes(store, register('web2.acme.net', own))).toEqual(['changed']);
        await store.apply([register('web3', { ...own, fqdn: 'web3.acme.net' })]);
        const byAdmin = { ...register('web3.acme.net', other), byAdmin: true } as const;
        expect(await outcomes(store, byAdmin)).toEqual(['changed']);
        expect(await store.count()).toBe(4);
      }));

    it('gives nothing to a node that only claims it', () =>
      use(async ({ store }) => {
        await store.apply([
          register('db1.acme.net', { proof: 'shared' }),
          register('db2', { fqdn: 'x.y', proof: 'shared' }),
        ]);
        expect(await outcomes(store, register('evil', { fqdn: 'db1.acme.net' }))).toEqual(['inserted']);
        expect(await outcomes(store, register('clone', { fqdn: 'x.y', proof: 'shared' }))).toEqual(['inserted']);
        expect(await store.count()).toBe(4);
      }));

    it('that is no identity, or very long, is kept like any other', () =>
      use(async ({ store }) => {
        const fqdn = `${'x'.repeat(5000)} ü`;
        await store.apply([register('web1', { fqdn })]);
        expect((await readOne(store, 'web1'))?.fqdn).toBe(fqdn);
      }));
  });

  describe('states', () => {
    it('a retired node keeps its document and does not come back by registering', () =>
      use(async ({ store }) => {
        await store.apply([register('web1', { at: 100 })]);
        const before = await readOne(store, 'web1');
        expect(await outcomes(store, retire('WEB1', 500))).toEqual(['retired']);
        const retired = await readOne(store, 'web1');
        expect(retired).toEqual({ ...before, retired: 500, revision: retired?.revision });
        expect(await outcomes(store, register('web1', { at: 600, facts: {} }))).toEqual(['is-retired']);
        expect(await readOne(store, 'web1')).toEqual(retired);
        expect(await outcomes(store, retire('web1', 700))).toEqual(['retired']);
        expect(await readOne(store, 'web1')).toEqual(retired);
      }));

    it('a restored node is as it was, and registers again', () =>
      use(async ({ store }) => {
        await store.apply([register('web1', { at: 100 }), retire('web1')]);
        expect(await outcomes(store, restore('web1'), restore('web1'))).toEqual(['restored', 'restored']);
        const node = await readOne(store, 'web1');
        expect(node).not.toHaveProperty('retired');
        expect(node?.changed).toBe(100);
        expect(await outcomes(store, register('web1', { at: 600 }))).toEqual(['unchanged']);
      }));

    it('a forgotten node is gone, and new when it comes again', () =>
      use(async ({ store }) => {
        await store.apply([register('web1', { at: 100, order: { msgtime: 100, sequence: 1 } })]);
        const before = await readOne(store, 'web1');
        expect(await outcomes(store, forget('web1'))).toEqual(['forgotten']);
        expect(await readOne(store, 'web1')).toBeUndefined();
        expect(await store.count()).toBe(0);
        expect(await outcomes(store, register('web1', { at: 900 }))).toEqual(['inserted']);
        const after = await readOne(store, 'web1');
        expect(after?.firstseen).toBe(900);
        expect(after?._id).not.toBe(before?._id);
      }));

    it('a node that is not there cannot be retired, restored or forgotten', () =>
      use(async ({ store }) => {
        const { results } = await store.apply([retire('nobody'), restore('nobody'), forget('nobody')]);
        expect(results).toEqual(Array(3).fill({ outcome: 'unknown', identity: 'nobody', revision: 0 }));
      }));
  });
}
