import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger, systemClock } from '../../../core/index.ts';
import { type ColumnsEngine, createQueryEngine, parseJsonQuery } from '../../../query/index.ts';
import { createRandom } from '../../random.ts';
import { generateNodes } from '../language/generate.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

let directory: string;
let store: MemoryStore;
let lines: { level: string; msg: string; from?: string; err?: string }[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'muster-snapshot-'));
  store = createMemoryStore();
  for (const node of generateNodes(createRandom(5), 300)) store.put(node);
  store.flush();
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

async function started(name: string, from = store): Promise<ColumnsEngine> {
  lines = [];
  const engine = await createQueryEngine({
    store: from,
    logger: createLogger({
      level: 'debug',
      destination: { write: (line: string) => void lines.push(JSON.parse(line) as never) },
    }),
    clock: systemClock,
    stateRule: { intervalSeconds: 300, expireAfterSeconds: 1e9 },
    pathsMax: 1000,
    snapshotFile: join(directory, name),
  });
  await engine.start();
  return engine;
}

const startedFrom = () => lines.find((line) => line.msg === 'the columns are ready')?.from;
const warnings = () => lines.filter((line) => line.level === 'warn').map((line) => line.err);

async function total(engine: ColumnsEngine): Promise<number> {
  return (await engine.answer(parseJsonQuery({}), { first: 0 })).account.total;
}

test('a snapshot written at stop is what the next start begins from, completed by the feed', async () => {
  const engine = await started('next');
  expect(startedFrom()).toBe('store');
  await engine.stop();
  const [extra] = generateNodes(createRandom(9), 1);
  store.put({ ...(extra as never as { identity: never }), identity: 'late.example.net' } as never);
  store.flush();
  const again = await started('next');
  expect(startedFrom()).toBe('snapshot');
  expect(await total(again)).toBe(store.all().length);
  expect(again.row('late.example.net' as never)?.identity).toBe('late.example.net');
  await again.stop();
  expect((await stat(join(directory, 'next'))).mode & 0o777).toBe(0o600);
});

test('nothing is written where nothing moved since the last one', async () => {
  const engine = await started('still');
  expect(await engine.snapshot()).toBe(true);
  expect(await engine.snapshot()).toBe(false);
  store.seen(store.all()[0]?.identity as string, 1_789_000_100);
  await engine.waitFor(store.flush());
  expect(await engine.snapshot()).toBe(true);
  expect(engine.figures().snapshot).toMatchObject({ written: 2, abandoned: 0, failed: 0 });
  await engine.stop();
});

test('a cut, changed or foreign snapshot is thrown away, said in the log, and the columns are built anew', async () => {
  const engine = await started('good');
  await engine.stop();
  const good = await readFile(join(directory, 'good'));
  const damages: [string, Buffer][] = [['empty', Buffer.alloc(0)]];
  for (let i = 1; i < 12; i++) {
    const at = Math.floor((good.length * i) / 12);
    damages.push([`cut at ${at}`, good.subarray(0, at)]);
    const changed = Buffer.from(good);
    changed[at] = (changed[at] as number) ^ 0x21;
    damages.push([`changed at ${at}`, changed]);
  }
  damages.push(['without its last byte', good.subarray(0, -1)]);
  damages.push([
    'of another version',
    Buffer.from(good.toString('latin1').replace('columns 1', 'columns 9'), 'latin1'),
  ]);
  for (const [what, bytes] of damages) {
    await writeFile(join(directory, 'bad'), bytes);
    const again = await started('bad');
    expect(startedFrom(), what).toBe('store');
    expect(warnings(), what).toHaveLength(1);
    expect(await total(again), what).toBe(store.all().length);
    await again.stop();
    await rm(join(directory, 'bad'), { force: true });
  }
}, 60_000);

test('the snapshot of another store is not taken', async () => {
  const engine = await started('other');
  await engine.stop();
  const other = createMemoryStore();
  other.loseFeed();
  for (const node of generateNodes(createRandom(6), 10)) other.put(node);
  other.flush();
  const again = await started('other', other);
  expect(startedFrom()).toBe('store');
  expect(await total(again)).toBe(10);
  await again.stop();
});

test('a snapshot that cannot be written is an error in the log, and answers go on', async () => {
  const engine = await started(join('no', 'such', 'folder'));
  expect(await engine.snapshot()).toBe(false);
  expect(engine.figures().snapshot.failed).toBe(1);
  expect(await total(engine)).toBe(store.all().length);
  await engine.stop();
});

test('the snapshot of no nodes is as good as any other', async () => {
  const empty = createMemoryStore();
  const engine = await started('none', empty);
  expect(await engine.snapshot()).toBe(true);
  await engine.stop();
  const again = await started('none', empty);
  expect(startedFrom()).toBe('snapshot');
  expect(warnings()).toEqual([]);
  await again.stop();
});
