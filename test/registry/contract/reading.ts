import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Identity, type NodeDocument, parseIdentity } from '../../../core/index.ts';
import type { NodeStore } from '../../../registry/index.ts';
import { everything, type OpenStore, outcomes, readOne, register, retire } from './fixtures.ts';
import { withStore } from './with-store.ts';

/** Reading, scanning, finding, counting, and what is there after opening again. */
export function readingContract(open: OpenStore): void {
  const use = withStore(open);
  const collect = async (slices: AsyncIterable<readonly NodeDocument[]>): Promise<string[][]> => {
    const found: string[][] = [];
    for await (const slice of slices) found.push(slice.map(({ identity }) => identity));
    return found;
  };
  const fill = (store: NodeStore, names: readonly string[]) => store.apply(names.map((name) => register(name)));

  describe('read', () => {
    it('gives documents in the order asked, undefined where there is none', () =>
      use(async ({ store }) => {
        await fill(store, ['a1', 'b1', 'c1']);
        const asked = ['C1', 'nobody', 'a1', 'c1'].map((name) => parseIdentity(name));
        const nodes = await store.read(asked);
        expect(nodes.map((node) => node?.identity)).toEqual(['c1', undefined, 'a1', 'c1']);
        expect(await store.read([])).toEqual([]);
      }));
  });

  describe('scan', () => {
    it('gives every document once, retired ones too, in the order of lower-case identity', () =>
      use(async ({ store }) => {
        const names = ['b-2', 'B1', 'a.9', 'a-1', 'A10', 'b_1', 'c', '9z'];
        await fill(store, names);
        await store.apply([retire('c')]);
        const sorted = [...names].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
        expect((await collect(store.scan())).flat()).toEqual(sorted);
        expect(await store.count()).toBe(names.length);
      }));

    it.each([1, 3, 7, 8, 100])('comes in slices of at most %i', (sliceSize) =>
      use(async ({ store }) => {
        await fill(store, ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
        const slices = await collect(store.scan({ sliceSize }));
        expect(slices.flat()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
        for (const slice of slices) expect(slice.length).toBeLessThanOrEqual(sliceSize);
        expect(slices.every((slice) => slice.length > 0)).toBe(true);
      }),
    );

    it('of an empty store gives nothing', () =>
      use(async ({ store }) => {
        expect(await collect(store.scan())).toEqual([]);
        expect(await store.count()).toBe(0);
      }));

    it('ends with the reason of its signal', () =>
      use(async ({ store }) => {
        await fill(store, ['a', 'b', 'c', 'd']);
        const abort = new AbortController();
        const reason = new Error('enough');
        const seen: string[] = [];
        const scanning = (async () => {
          for await (const slice of store.scan({ sliceSize: 1, signal: abort.signal })) {
            seen.push(...slice.map(({ identity }) => identity as string));
            abort.abort(reason);
          }
        })();
        await expect(scanning).rejects.toBe(reason);
        expect(seen.length).toBeLessThan(4);
        await expect(collect(store.scan({ signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
      }));

    it('may be left half way', () =>
      use(async ({ store }) => {
        await fill(store, ['a', 'b', 'c', 'd']);
        for await (const slice of store.scan({ sliceSize: 1 })) {
          expect(slice.length).toBe(1);
          break;
        }
        expect(await outcomes(store, register('a'))).toEqual(['unchanged']);
      }));
  });

  describe('find', () => {
    it('gives the documents a selector takes, in the order of identity', () =>
      use(async ({ store }) => {
        await store.apply(
          ['d', 'b', 'a', 'c'].map((name) => register(name, { facts: { role: name < 'c' ? 'web' : 'db' } })),
        );
        const selector = { mongo: { 'facts.role': 'web' }, matches: (node: NodeDocument) => node.facts.role === 'web' };
        expect(await collect(store.find(selector, { sliceSize: 1 }))).toEqual([['a'], ['b']]);
        const nothing = { mongo: { 'facts.role': 'x' }, matches: () => false };
        expect(await collect(store.find(nothing))).toEqual([]);
        await expect(collect(store.find(selector, { signal: AbortSignal.abort() }))).rejects.toThrow();
      }));

    it('runs the test of a selector that has no MongoDB form', () =>
      use(async ({ store }) => {
        await fill(store, ['a1', 'b1', 'a2']);
        const selector = { mongo: undefined, matches: (node: NodeDocument) => node.identity.startsWith('a') };
        expect((await collect(store.find(selector))).flat()).toEqual(['a1', 'a2']);
      }));
  });

  describe('a large batch', () => {
    it('of 10,000 nodes is taken whole, and other work goes on', () =>
      use(async ({ store }) => {
        const names = Array.from({ length: 10_000 }, (_, i) => `n${String(i).padStart(5, '0')}.acme.net`);
        let turns = 0;
        let isApplying = true;
        const ticking = (async () => {
          while (isApplying) {
            await setImmediate();
            turns += 1;
          }
        })();
        const { results } = await fill(store, names);
        isApplying = false;
        await ticking;
        expect(results.every(({ outcome }) => outcome === 'inserted')).toBe(true);
        expect(turns).toBeGreaterThan(10);
        expect(await store.count()).toBe(10_000);
        expect((await collect(store.scan({ sliceSize: 1000 }))).flat()).toEqual(names);
        const nodes = await store.read(names.filter((_, i) => i % 7 === 0) as Identity[]);
        expect(nodes.every((node) => node !== undefined)).toBe(true);
      }));
  });

  describe('opening again', () => {
    it('finds everything as it was', () =>
      use(async (under) => {
        const { store } = under;
        await store.apply([register('a', { facts: { x: { y: [1, { z: 'deep' }] } } }), register('b'), register('c')]);
        await store.apply([retire('b'), register('c', { at: 1_789_000_900, facts: { new: true } })]);
        await store.records.put('key', 'a', { key: 'k' });
        const before = await everything(store);
        const again = await under.reopen();
        expect(await everything(again)).toEqual(before);
        expect(await again.records.get('key', 'a')).toEqual({ key: 'k' });
        const { results } = await again.apply([register('d')]);
        const newest = Math.max(...[...before.values()].map(({ revision }) => revision));
        expect(results[0]?.revision).toBeGreaterThan(newest);
      }));

    it('closed, a store refuses everything', () =>
      use(async ({ store }) => {
        await store.apply([register('a')]);
        await store.close();
        await expect(store.apply([register('b')])).rejects.toMatchObject({ code: 'store_unavailable' });
        await expect(readOne(store, 'a')).rejects.toMatchObject({ code: 'store_unavailable' });
        await expect(store.records.get('key', 'a')).rejects.toMatchObject({ code: 'store_unavailable' });
        await expect(collect(store.scan())).rejects.toMatchObject({ code: 'store_unavailable' });
      }));
  });
}
