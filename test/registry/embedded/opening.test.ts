import { mkdir, readdir, readFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { open } from 'lmdb';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../../core/index.ts';
import { openEmbeddedStore } from '../../../registry/index.ts';
import { outcomes, readOne, register } from '../contract/fixtures.ts';
import { buildProgram, run } from './child-program.ts';
import { openForTest, temporaryFolder } from './open-for-test.ts';

const opening = (path: string) => openEmbeddedStore({ path, logger: silentLogger() });

/** Makes a store with some nodes and closes it; gives its folder. */
async function closedStore(nodes = 400): Promise<string> {
  const path = await temporaryFolder();
  const store = await opening(path);
  await store.apply(Array.from({ length: nodes }, (_, i) => register(`n${i}`, { facts: { text: 'x'.repeat(3000) } })));
  await store.close();
  return path;
}

describe('one process a directory', () => {
  it('refuses a second opening here and in another process, and takes the directory over from a killed one', async () => {
    const path = await temporaryFolder();
    const program = await buildProgram('hold-store');
    const holder = run(process.execPath, [program, path]);
    await holder.line((line) => line === 'open');
    await expect(opening(path)).rejects.toMatchObject({ name: 'StoreError', code: 'store_locked' });
    holder.child.kill('SIGKILL');
    await holder.ended;

    const store = await opening(path);
    await expect(opening(path)).rejects.toMatchObject({ code: 'store_locked' });
    const second = run(process.execPath, [program, path]);
    expect(await second.line((line) => line !== '')).toBe('refused store_locked');
    await second.ended;
    await store.apply([register('a')]);
    await store.close();
    await (await opening(path)).close();
    await rm(path, { recursive: true });
  });

  it('gives a leftover to exactly one of many that come at once', async () => {
    const path = await temporaryFolder();
    // A socket file outlives its renamed listener, as it does a killed process.
    const leftover = createServer();
    await new Promise<void>((resolve) => leftover.listen(join(path, 'bound'), resolve));
    await rename(join(path, 'bound'), join(path, 'lock-000000000000'));
    await new Promise<void>((resolve) => leftover.close(() => resolve()));
    await utimes(join(path, 'lock-000000000000'), 0, 0);
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => opening(path)));
    const opened = tries.filter((one) => one.status === 'fulfilled');
    expect(opened).toHaveLength(1);
    for (const one of tries) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'store_locked' });
    }
    expect((await readdir(path)).filter((name) => name.startsWith('lock-'))).toHaveLength(1);
    await opened[0]?.value.close();
    expect((await readdir(path)).filter((name) => name.startsWith('lock-'))).toEqual([]);
    await rm(path, { recursive: true });
  });

  it('works below a path too long for a socket', async () => {
    const base = await temporaryFolder();
    const path = join(base, 'd'.repeat(90), 'e'.repeat(90));
    const store = await opening(path);
    await expect(opening(path)).rejects.toMatchObject({ code: 'store_locked' });
    await store.close();
    await (await opening(path)).close();
    await rm(base, { recursive: true });
  });
});

describe('the files', () => {
  it('are for this user only', async () => {
    const base = await temporaryFolder();
    const path = join(base, 'store');
    await (await opening(path)).close();
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect((await stat(join(path, 'nodes.mdb'))).mode & 0o077).toBe(0);
    await rm(base, { recursive: true });
  });

  it.each([
    ['are no LMDB file', (file: string) => writeFile(file, Buffer.alloc(100_000, 'not a database '))],
    ['are cut off', async (file: string) => truncate(file, Math.floor((await stat(file)).size / 2))],
    ['are cut off in the head', (file: string) => truncate(file, 5000)],
    [
      'have a wrong head',
      async (file: string) => {
        const bytes = await readFile(file);
        bytes.fill(0xff, 0, 8192);
        await writeFile(file, bytes);
      },
    ],
  ])('that %s are refused by name, and left as they are', async (_, harm) => {
    const path = await closedStore();
    const file = join(path, 'nodes.mdb');
    await harm(file);
    const before = await readFile(file);
    await expect(opening(path)).rejects.toMatchObject({ name: 'StoreError', code: 'store_corrupt' });
    expect(before.equals(await readFile(file))).toBe(true);
    await rm(path, { recursive: true });
  });

  it('of another program or another version are refused, and left as they are', async () => {
    const path = await temporaryFolder();
    const file = join(path, 'nodes.mdb');
    const foreign = open({ path: file, noSubdir: true, overlappingSync: false, encoding: 'json' });
    const table = foreign.openDB<unknown, string>('theirs', { encoding: 'json' });
    await table.put('a', 1);
    await foreign.close();
    await expect(opening(path)).rejects.toMatchObject({ code: 'store_corrupt' });
    const again = open({ path: file, noSubdir: true, overlappingSync: false, encoding: 'json' });
    const names = [...again.getKeys()];
    expect(names).toEqual(['theirs']);
    const meta = again.openDB<unknown, string>('meta', { encoding: 'json' });
    await meta.put('format', 99);
    await again.close();
    await expect(opening(path)).rejects.toMatchObject({
      code: 'store_corrupt',
      message: expect.stringContaining('99'),
    });
    await rm(path, { recursive: true });
  });

  it('in a place that cannot be a directory are refused by name', async () => {
    const base = await temporaryFolder();
    await writeFile(join(base, 'file'), '');
    await expect(opening(join(base, 'file'))).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(opening(join(base, 'file', 'below'))).rejects.toMatchObject({ code: 'store_unavailable' });
    await mkdir(join(base, 'taken', 'nodes.mdb'), { recursive: true });
    await expect(opening(join(base, 'taken'))).rejects.toMatchObject({ code: 'store_unavailable' });
    await rm(base, { recursive: true });
  });

  it('are given free by an opening that failed', async () => {
    const path = await closedStore();
    const file = join(path, 'nodes.mdb');
    const bytes = await readFile(file);
    await truncate(file, 5000);
    await expect(opening(path)).rejects.toMatchObject({ code: 'store_corrupt' });
    await writeFile(file, bytes);
    const store = await opening(path);
    expect(await readOne(store, 'n7')).toBeDefined();
    expect(await outcomes(store, register('n7', { facts: {} }))).toEqual(['changed']);
    await store.close();
    await rm(path, { recursive: true });
  });
});

describe('closing', () => {
  it('lets what was begun become durable first', async () => {
    const under = await openForTest();
    const applied = Promise.all(Array.from({ length: 20 }, (_, i) => under.store.apply([register(`n${i}`)])));
    const closed = under.store.close();
    expect((await applied).length).toBe(20);
    await closed;
    expect(await (await under.reopen()).count()).toBe(20);
    await under.dispose();
  });
});
