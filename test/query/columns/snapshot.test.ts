import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLogger, systemClock } from '../../../core/index.ts';
import { createQueryEngine } from '../../../query/index.ts';
import { createRandom, generateNodes } from '../language/generate.ts';
import { createMemoryStore } from './memory-store.ts';

test('x', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'muster-columns-'));
  const store = createMemoryStore();
  for (const node of generateNodes(createRandom(5), 300)) store.put(node);
  store.flush();
  const lines: string[] = [];
  const options = {
    store,
    logger: createLogger({ level: 'debug', destination: { write: (line: string) => void lines.push(line) } }),
    clock: systemClock,
    stateRule: { intervalSeconds: 300, expireAfterSeconds: 1e9 },
    pathsMax: 1000,
    snapshotFile: join(directory, 'x'),
  };
  const engine = await createQueryEngine(options);
  await engine.start();
  await engine.stop();
  const again = await createQueryEngine(options);
  await again.start();
  console.log(lines.join(''));
  await again.stop();
  await rm(directory, { recursive: true });
  expect(lines.length).toBe(3);
});
