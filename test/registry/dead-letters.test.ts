import { afterEach, describe, expect, it } from 'vitest';
import { createDeadLetters } from '../../registry/dead-letters.ts';
import { BY_ADMIN, type RegistryUnderTest, registryForTest } from './registry-for-test.ts';

const open: RegistryUnderTest[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.dispose();
});

async function letters(countMax: number, bytesMax?: number) {
  const test = await registryForTest();
  open.push(test);
  const options = {
    records: test.store.records,
    clock: test.clock,
    countMax,
    ...(bytesMax === undefined ? {} : { bytesMax }),
  };
  return { test, options, dead: await createDeadLetters(options) };
}

const refusal = {
  receivedAt: 1,
  origin: BY_ADMIN,
  error: { code: 'message_malformed', message: 'x', remedy: 'y' },
} as const;

describe('dead letters', () => {
  it('are bounded by count, the oldest making room, also after a start', async () => {
    const { dead, options } = await letters(5);
    const ids: (string | undefined)[] = [];
    for (let i = 0; i < 8; i++) ids.push(await dead.keep(Buffer.from(`${i}`), refusal));
    const kept = await dead.list({ limit: 100 });
    expect(kept.map((letter) => letter.id)).toEqual(ids.slice(3));
    expect(dead.counts).toEqual({ kept: 5, dropped: 3 });
    const again = await createDeadLetters({ ...options, countMax: 2 });
    expect((await again.list({ limit: 100 })).map((letter) => letter.id)).toEqual(ids.slice(6));
  });

  it('that made room while they were replayed do not come back', async () => {
    const { dead } = await letters(1);
    const first = await dead.get((await dead.keep(Buffer.from('1'), refusal)) as string);
    await dead.keep(Buffer.from('2'), refusal);
    if (first === undefined) throw new Error('it was not kept');
    await dead.refusedAgain(first, refusal.error);
    expect(await dead.get(first.id)).toBeUndefined();
    expect(await dead.list({ limit: 10 })).toHaveLength(1);
  });

  it('are bounded by bytes', async () => {
    const { dead } = await letters(100, 1000);
    for (let i = 0; i < 10; i++) await dead.keep(Buffer.alloc(300, 0x61), refusal);
    expect(dead.counts).toEqual({ kept: 3, dropped: 7 });
  });

  it('hold messages whole up to 1 MiB, and the beginning of larger ones', async () => {
    const { dead } = await letters(10);
    const whole = await dead.keep(Buffer.alloc(2 ** 20, 0x61), refusal);
    const cut = await dead.keep(Buffer.alloc(2 ** 20, 0x61), { ...refusal, size: 5_000_000 });
    expect(await dead.get(whole ?? '')).toMatchObject({ bytes: 2 ** 20, cut: false });
    const letter = await dead.get(cut ?? '');
    expect(letter).toMatchObject({ bytes: 5_000_000, cut: true });
    expect(letter?.body.length).toBe(64 * 1024);
  });

  it('are dropped and counted where none are to be kept, or a flood comes', async () => {
    const { dead: none } = await letters(0);
    expect(await none.keep(Buffer.from('x'), refusal)).toBeUndefined();
    expect(none.counts).toEqual({ kept: 0, dropped: 1 });
    const { dead } = await letters(1000);
    const flood = await Promise.all(Array.from({ length: 400 }, () => dead.keep(Buffer.from('x'), refusal)));
    expect(flood.filter((id) => id !== undefined)).toHaveLength(256);
    expect(dead.counts).toEqual({ kept: 256, dropped: 144 });
  });

  it('come in pages, in the order they were refused', async () => {
    const { dead, test } = await letters(500);
    const ids: (string | undefined)[] = [];
    for (let i = 0; i < 120; i++) {
      if (i % 10 === 0) test.clock.ms += 1;
      ids.push(await dead.keep(Buffer.from('x'), refusal));
    }
    const first = await dead.list({ limit: 70 });
    const rest = await dead.list({ limit: 70, after: first.at(-1)?.id });
    expect([...first, ...rest].map((letter) => letter.id)).toEqual(ids);
  });
});
