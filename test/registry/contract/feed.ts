import { describe, expect, it } from 'vitest';
import type { JsonObject, NodeDocument } from '../../../core/index.ts';
import type { FeedBatch, FeedEvent, FeedPosition, NodeStore } from '../../../registry/index.ts';
import { createRandom } from '../../random.ts';
import { everything, fold, forget, type OpenStore, outcomes, register, restore, retire } from './fixtures.ts';
import { randomChange } from './random-changes.ts';
import { withStore } from './with-store.ts';

/** Takes batches of the feed until the position is reached. */
export async function followTo(
  store: NodeStore,
  from: FeedPosition,
  to: () => FeedPosition,
  take: (batch: FeedBatch) => void | Promise<void>,
): Promise<void> {
  const abort = new AbortController();
  if (store.comparePositions(from, to()) >= 0) return;
  for await (const batch of store.changes(from, abort.signal)) {
    await take(batch);
    if (store.comparePositions(batch.position, to()) >= 0) abort.abort();
  }
}

/** The events from one position to another. */
export async function eventsBetween(store: NodeStore, from: FeedPosition, to: FeedPosition): Promise<FeedEvent[]> {
  const events: FeedEvent[] = [];
  await followTo(
    store,
    from,
    () => to,
    (batch) => {
      events.push(...batch.events);
    },
  );
  return events;
}

/** The change feed: completeness, positions, tombstones. */
export function feedContract(open: OpenStore): void {
  const use = withStore(open);
  const load = (value: number) => ({ role: 'web', load_averages: { '1m': value } });

  describe('positions', () => {
    it('grow with every write, and compare', () =>
      use(async ({ store }) => {
        const empty = await store.position();
        const { position: first } = await store.apply([register('a')]);
        const { position: second } = await store.apply([register('a', { at: 1_789_000_900 })]);
        const { position: same } = await store.apply([retire('nobody')]);
        expect(store.comparePositions(empty, first)).toBeLessThan(0);
        expect(store.comparePositions(first, second)).toBeLessThan(0);
        expect(store.comparePositions(second, first)).toBeGreaterThan(0);
        expect(store.comparePositions(second, same)).toBeLessThanOrEqual(0);
        expect(store.comparePositions(second, second)).toBe(0);
        expect(store.comparePositions(second, await store.position())).toBeLessThanOrEqual(0);
      }));

    it('outlive the process', () =>
      use(async (under) => {
        const { position } = await under.store.apply([register('a')]);
        await under.store.apply([register('b')]);
        const store = await under.reopen();
        const events = await eventsBetween(store, position, await store.position());
        expect(events).toMatchObject([{ kind: 'upsert', node: { identity: 'b' } }]);
      }));

    it('that the store never gave are lost', () =>
      use(async ({ store }) => {
        const { position } = await store.apply([register('a')]);
        for (const strange of ['', 'x', `${position}1`, '7']) {
          const next = store
            .changes(strange as FeedPosition, new AbortController().signal)
            [Symbol.asyncIterator]()
            .next();
          await expect(next).rejects.toMatchObject({ code: 'feed_position_lost' });
        }
      }));

    it('of another store are lost', () =>
      use(async (one) => {
        await use(async (other) => {
          const { position } = await one.store.apply([register('a')]);
          await other.store.apply([register('a'), register('b'), register('c')]);
          const next = other.store.changes(position, new AbortController().signal)[Symbol.asyncIterator]().next();
          await expect(next).rejects.toMatchObject({ code: 'feed_position_lost' });
        });
      }));
  });

  describe('a follower', () => {
    it('is told of what moved since its position, as it is now', () =>
      use(async ({ store }) => {
        await store.apply([
          register('a'),
          register('b', { facts: load(1) }),
          register('c'),
          register('d'),
          register('e'),
        ]);
        const from = await store.position();
        const changed = register('a', { facts: { role: 'db' }, at: 1_789_000_300 });
        const moved = register('b', { facts: load(2), at: 1_789_000_300 });
        await store.apply([changed, moved, retire('c'), forget('d')]);
        const known = new Map((await everything(store)).entries());
        const events = await eventsBetween(store, from, await store.position());
        const folded = new Map(known);
        for (const event of events) fold(folded, event);
        expect(folded).toEqual(known);
        const touched = events.map((event) => (event.kind === 'upsert' ? event.node.identity : event.identity));
        expect([...new Set(touched)].sort()).toEqual(['a', 'b', 'c', 'd']);
        expect(events.find((event) => event.kind === 'forget')).toMatchObject({ identity: 'd' });
      }));

    it('gets whatever moves while it waits, in the order of the writes', () =>
      use(async ({ store }) => {
        await store.apply([register('a', { facts: load(1) })]);
        const abort = new AbortController();
        const batches = store.changes(await store.position(), abort.signal)[Symbol.asyncIterator]();
        const changes = [
          register('a', { facts: load(2), at: 1_789_000_300 }),
          register('b'),
          retire('b'),
          restore('b'),
          forget('a'),
        ];
        const known = await everything(store);
        let end = await store.position();
        const following = (async () => {
          for (;;) {
            const { value, done } = await batches.next();
            if (done === true) return;
            for (const event of value.events) fold(known, event);
            if (store.comparePositions(value.position, end) >= 0 && known.has('b') && !known.has('a')) return;
          }
        })();
        for (const change of changes) end = (await store.apply([change])).position;
        await following;
        expect(known).toEqual(await everything(store));
        abort.abort();
        expect((await batches.next()).done).toBe(true);
      }));

    it('learns of lastseen and volatile facts that move alone', () =>
      use(async ({ store }) => {
        await store.apply([register('a', { facts: load(1), at: 100 })]);
        const from = await store.position();
        await store.apply([register('a', { facts: load(2), at: 200 })]);
        const known = new Map([['a', (await everything(store)).get('a')]]);
        const events = await eventsBetween(store, from, await store.position());
        expect(events.length).toBeGreaterThan(0);
        const last = events.at(-1);
        const { revision } = known.get('a') ?? {};
        if (last?.kind === 'volatile') {
          expect(last).toMatchObject({
            identity: 'a',
            lastseen: 200,
            revision,
            volatile: { load_averages: { '1m': 2 } },
          });
        } else {
          expect(last).toMatchObject({ kind: 'upsert', node: { lastseen: 200, facts: load(2) } });
        }
      }));

    it.each([100, 400, 700])(
      'far behind by %i nodes gets content that moved before lastseen did, wherever it goes on',
      (nodes) =>
        use(async ({ store }) => {
          const names = Array.from({ length: nodes }, (_, i) => `n${i}`);
          const all = (facts: JsonObject, at: number) => names.map((name) => register(name, { facts, at }));
          await store.apply(all({ version: 1 }, 100));
          const from = await store.position();
          const known = await everything(store);
          await store.apply(all({ version: 2 }, 200));
          await store.apply(all({ version: 2 }, 300).reverse());
          const end = await store.position();
          const truth = await everything(store);
          const stops: { readonly at: FeedPosition; readonly known: Map<string, NodeDocument> }[] = [
            { at: from, known },
          ];
          for (const stop of stops) {
            const folded = new Map(stop.known);
            await followTo(
              store,
              stop.at,
              () => end,
              ({ events, position }) => {
                for (const event of events) fold(folded, event);
                if (stop === stops[0]) stops.push({ at: position, known: new Map(folded) });
              },
            );
            expect(folded).toEqual(truth);
          }
        }),
    );

    it('is told nothing of what was refused', () =>
      use(async ({ store }) => {
        const order = { msgtime: 10, sequence: 1 };
        await store.apply([register('a', { order })]);
        const from = await store.position();
        const shared = register('a', { proof: 'shared', facts: {} });
        expect(await outcomes(store, register('a', { order }), shared, forget('x'))).toEqual([
          'duplicate',
          'owned',
          'unknown',
        ]);
        await store.apply([register('z')]);
        const events = await eventsBetween(store, from, await store.position());
        expect(events).toMatchObject([{ kind: 'upsert', node: { identity: 'z' } }]);
      }));

    it('ends without an error by its signal, before the first batch too', () =>
      use(async ({ store }) => {
        const position = await store.position();
        for await (const _ of store.changes(position, AbortSignal.abort())) expect.unreachable();
        const abort = new AbortController();
        const waiting = store.changes(position, abort.signal)[Symbol.asyncIterator]().next();
        abort.abort();
        expect((await waiting).done).toBe(true);
      }));

    it('ends when the store closes', () =>
      use(async ({ store }) => {
        const waiting = store
          .changes(await store.position(), new AbortController().signal)
          [Symbol.asyncIterator]()
          .next();
        await store.close();
        expect((await waiting).done).toBe(true);
      }));
  });

  describe('laid over a scan', () => {
    it.each([1, 2, 3, 4, 5, 6])('gives what a last scan gives, whenever it began (seed %i)', (seed) =>
      use(async ({ store }) => {
        const random = createRandom(seed);
        const writers = 3;
        const rounds = 25;
        const followers: Promise<void>[] = [];
        const folds: Map<string, unknown>[] = [];
        let last = await store.position();
        let isDone = false;
        const resume = async (known: Awaited<ReturnType<typeof everything>>, from: FeedPosition): Promise<void> => {
          // Followers leave and come back at the position of a batch, as one does that saved it.
          let at = from;
          while (!isDone || store.comparePositions(at, last) < 0) {
            let left = 1 + random.below(4);
            const abort = new AbortController();
            const end = () => last;
            if (store.comparePositions(at, end()) >= 0) {
              await new Promise((resolve) => setImmediate(resolve));
              continue;
            }
            for await (const batch of store.changes(at, abort.signal)) {
              for (const event of batch.events) fold(known, event);
              at = batch.position;
              left -= 1;
              if (left <= 0 || store.comparePositions(at, end()) >= 0) abort.abort();
            }
          }
        };
        const follow = async (): Promise<void> => {
          const from = await store.position();
          const known = await everything(store);
          folds.push(known);
          await resume(known, from);
        };
        followers.push(follow());
        const write = async (writer: number): Promise<void> => {
          for (let round = 0; round < rounds; round++) {
            const changes = Array.from({ length: 1 + random.below(12) }, () => randomChange(random, round));
            const { position } = await store.apply(changes);
            if (store.comparePositions(position, last) > 0) last = position;
            if (writer === 0 && round % 5 === 2) followers.push(follow());
          }
        };
        await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
        isDone = true;
        await Promise.all(followers);
        const truth = await everything(store);
        for (const known of folds) expect(known).toEqual(truth);
      }),
    );
  });
}
