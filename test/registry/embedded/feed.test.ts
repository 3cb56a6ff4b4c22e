import { describe, expect, it } from 'vitest';
import type { FeedPosition } from '../../../registry/index.ts';
import { followTo } from '../contract/feed.ts';
import { everything, fold, forget, register } from '../contract/fixtures.ts';
import { openForTest } from './open-for-test.ts';

const names = (count: number) => Array.from({ length: count }, (_, i) => `n${String(i).padStart(5, '0')}`);

describe('the embedded feed', () => {
  it('loses positions before the tombstones it dropped, and no others', async () => {
    const under = await openForTest({ tombstonesMax: 10 });
    const { store } = under;
    const all = names(40);
    await store.apply(all.map((name) => register(name)));
    const positions: FeedPosition[] = [await store.position()];
    for (const name of all.slice(0, 30)) positions.push((await store.apply([forget(name)])).position);
    for (const reopened of [false, true]) {
      const here = reopened ? await under.reopen() : store;
      const end = await here.position();
      for (const [forgotten, from] of positions.entries()) {
        const known = new Map(all.slice(forgotten).map((name) => [name, { identity: name } as never]));
        const following = followTo(
          here,
          from,
          () => end,
          ({ events }) => {
            for (const event of events) fold(known, event);
          },
        );
        if (forgotten < 20) await expect(following).rejects.toMatchObject({ code: 'feed_position_lost' });
        else await following.then(() => expect([...known.keys()]).toEqual(all.slice(30)));
      }
      expect((await everything(here)).size).toBe(10);
    }
    await under.dispose();
  });

  it('keeps a slow follower bounded, and tells it everything all the same', async () => {
    const under = await openForTest();
    const { store } = under;
    const from = await store.position();
    const known = await everything(store);
    let end = from;
    let batches = 0;
    let writing: Promise<void> | undefined;
    await store.apply([register('first')]);
    end = await store.position();
    await followTo(
      store,
      from,
      () => end,
      async ({ events }) => {
        batches += 1;
        for (const event of events) fold(known, event);
        // While this batch is looked at, far more moves than may wait; some of it twice.
        writing ??= (async () => {
          for (let round = 0; round < 12; round++) {
            const facts = { round, padding: 'x'.repeat(100) };
            end = (await store.apply(names(500).map((name) => register(name, { facts })))).position;
          }
          end = (await store.apply(names(3).map((name) => forget(name)))).position;
        })();
        await writing;
      },
    );
    expect(known).toEqual(await everything(store));
    expect(known.size).toBe(498);
    // 12 rounds of 500 were written: events of all of them would be 6,000, more than may wait.
    expect(batches).toBeLessThan(12);
    await under.dispose();
  });

  it('makes a store anew forget the positions of the old one', async () => {
    const one = await openForTest();
    const { position } = await one.store.apply([register('a')]);
    const other = await openForTest();
    await other.store.apply([register('a'), register('b')]);
    expect(() => other.store.comparePositions(position, position)).toThrow(
      expect.objectContaining({ code: 'feed_position_lost' }),
    );
    await one.dispose();
    await other.dispose();
  });
});
