import { spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { everything, forget, outcomes, readOne, register } from '../contract/fixtures.ts';
import { openForTest, temporaryFolder } from './open-for-test.ts';

/** Runs a command that only root may. */
function asRoot(...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(args[0] as string, args.slice(1), { encoding: 'utf8' });
  const why = `${args.join(' ')}: ${error?.message ?? stderr}; this test mounts a small tmpfs and needs CAP_SYS_ADMIN`;
  expect(status, why).toBe(0);
}

const big = (name: string, letter = 'x') => register(name, { facts: { text: letter.repeat(100_000) } });

describe('a full disk', () => {
  it('refuses writes by name, leaves reads alone, and is over when there is room again', async () => {
    const path = await temporaryFolder();
    asRoot('mount', '-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', path);
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => {
      unhandled.push(reason);
    };
    process.on('unhandledRejection', note);
    const under = await openForTest({ path });
    try {
      let { store } = under;
      await store.apply([register('small', { at: 100 })]);
      const from = await store.position();
      let taken = 0;
      let refused: unknown;
      while (refused === undefined && taken < 100) {
        await store.apply([big(`n${taken}`)]).then(
          () => {
            taken += 1;
          },
          (error: unknown) => {
            refused = error;
          },
        );
      }
      expect(taken).toBeGreaterThan(10);
      expect(refused).toMatchObject({ name: 'StoreError', code: 'store_full' });
      // A shape of facts that is first met while nothing can be written must be known to what is written later.
      const novel = (name: string, size: number) =>
        register(name, { facts: { novel: { shape: { only: 'here' } }, text: 'n'.repeat(size) } });
      const many = await Promise.allSettled(Array.from({ length: 5 }, (_, i) => store.apply([novel(`m${i}`, 90_000)])));
      expect(many.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
      await expect(store.records.put('setting', 'large', 'y'.repeat(500_000))).rejects.toMatchObject({
        code: 'store_full',
      });

      expect((await everything(store)).size).toBe(taken + 1);
      expect(await readOne(store, 'small')).toMatchObject({ lastseen: 100 });
      expect(await readOne(store, `n${taken}`)).toBeUndefined();
      expect(await store.records.get('setting', 'large')).toBeUndefined();

      store = await under.reopen();
      expect((await everything(store)).size).toBe(taken + 1);
      await expect(store.apply([novel('still', 90_000)])).rejects.toMatchObject({ code: 'store_full' });

      asRoot('mount', '-o', 'remount,size=40m', path);
      expect(await outcomes(store, big(`n${taken}`), big('n0', 'z'))).toEqual(['inserted', 'changed']);
      await store.records.put('setting', 'large', 'y'.repeat(500_000));
      expect(await outcomes(store, novel('novel', 10))).toEqual(['inserted']);
      const truth = await everything(store);
      expect(truth.size).toBe(taken + 3);

      const reopened = await under.reopen();
      expect(await everything(reopened)).toEqual(truth);
      expect(reopened.comparePositions(from, await reopened.position())).toBeLessThan(0);
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
      await under.store.close().catch(() => undefined);
      await (await under.reopen()).close();
      asRoot('umount', path);
      await rm(path, { recursive: true });
    }
  });

  it('at the first start is said by name', async () => {
    const path = await temporaryFolder();
    asRoot('mount', '-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', path);
    try {
      await expect(openForTest({ path })).rejects.toMatchObject({ code: 'store_full' });
    } finally {
      asRoot('umount', path);
      await rm(path, { recursive: true });
    }
  });
});

describe('the bound of the store', () => {
  it('refuses what goes beyond it, and takes new nodes when others are forgotten', async () => {
    const under = await openForTest({ mapSizeMax: 2 / 1024 });
    try {
      const { store } = under;
      let taken = 0;
      for (;;) {
        const refused = await store.apply([big(`n${taken}`)]).catch((error: unknown) => error as { code: string });
        if ('code' in refused) {
          expect(refused).toMatchObject({ code: 'store_full', field: 'store.embedded.mapSizeMax' });
          break;
        }
        taken += 1;
      }
      expect(taken).toBeGreaterThan(10);
      expect(taken).toBeLessThan(21);
      expect(await outcomes(store, forget('n0'), forget('n1'))).toEqual(['forgotten', 'forgotten']);
      expect(await outcomes(store, big('again'))).toEqual(['inserted']);
    } finally {
      await under.dispose();
    }
  });
});
