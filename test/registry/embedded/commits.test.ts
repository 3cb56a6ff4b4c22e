import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../core/index.ts';
import { type Commits, createCommits } from '../../../registry/embedded/commits.ts';
import { StoreError } from '../../../registry/index.ts';

let folder: string;
let root: RootDatabase;
let commits: Commits;
let transactions: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-commits-'));
  root = open({ path: join(folder, 'data'), overlappingSync: false, eventTurnBatching: false });
  transactions = 0;
  const counted = new Proxy(root, {
    get: (target, name) => {
      if (name !== 'batch') return Reflect.get(target, name) as unknown;
      return (put: () => void) => {
        transactions += 1;
        return target.batch(put);
      };
    },
  });
  const failed = async (cause: unknown) => new StoreError('store_unavailable', 'Writing failed', { cause });
  commits = createCommits(counted, { path: folder, logger: silentLogger(), failed });
});

afterEach(async () => {
  await root.close();
  rmSync(folder, { recursive: true });
});

const put = (key: string, value: unknown, condition?: () => boolean) =>
  commits.commit({ key, ...(condition === undefined ? {} : { condition }), put: () => void root.put(key, value) });
const create = (key: string, value: unknown) => put(key, value, () => !root.doesExist(key));
const remove = (key: string) =>
  commits.commit({ key, condition: () => root.doesExist(key), put: () => void root.remove(key) });

describe('commits', () => {
  it('that come together share a transaction', async () => {
    const written = await Promise.all(Array.from({ length: 500 }, (_, i) => create(`key${i}`, i)));
    expect(written.every(Boolean)).toBe(true);
    expect(transactions).toBeLessThanOrEqual(2);
    expect(root.getKeysCount()).toBe(500);
  });

  it('to one key are judged one after the other, in the order they came', async () => {
    const outcomes = await Promise.all([
      create('a', 1),
      remove('a'),
      create('a', 2),
      create('a', 3),
      put('a', 4),
      remove('a'),
      remove('a'),
      create('a', 5),
    ]);
    expect(outcomes).toEqual([true, true, true, false, true, true, false, true]);
    expect(root.get('a')).toBe(5);
  });

  it('go on after one that lmdb refused, which rejects with an error of ours', async () => {
    const tooLong = 'x'.repeat(5000);
    await expect(put(tooLong, 1)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await create('b', 1)).toBe(true);
    expect(root.get('b')).toBe(1);
  });

  it('of which none holds its condition write nothing', async () => {
    expect(await remove('never')).toBe(false);
    expect(transactions).toBe(0);
  });
});
