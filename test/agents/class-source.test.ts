import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createClassSource, parseClasses } from '../../agents/class-source.ts';
import { recordingLogger } from './log-lines.ts';
import { temporaryDir, writeIn } from './temporary.ts';

describe('classes', () => {
  test('are the lines of the file, each once', () => {
    expect(parseClasses('\ufeffsettings\r\nmysql::master\n\n# no\n  web \nsettings\n')).toEqual([
      'settings',
      'mysql::master',
      'web',
    ]);
  });

  test('come from the first file that exists, looked for each time', async () => {
    const dir = temporaryDir();
    const { logger, lines } = recordingLogger();
    const read = createClassSource([join(dir, 'a.txt'), join(dir, 'b.txt')], logger);
    expect(await read()).toEqual([]);
    writeIn(dir, 'b.txt', 'from_b\n');
    expect(await read()).toEqual(['from_b']);
    const first = writeIn(dir, 'a.txt', 'from_a\n');
    expect(await read()).toEqual(['from_a']);
    rmSync(first);
    expect(await read()).toEqual(['from_b']);
    expect(lines).toEqual([]);
  });

  test('read last stand while the file cannot be read, which is told once', async () => {
    const dir = temporaryDir();
    const { logger, lines } = recordingLogger();
    const file = writeIn(dir, 'a.txt', 'one\n');
    const read = createClassSource([file], logger);
    expect(await read()).toEqual(['one']);
    writeIn(dir, 'a.txt', Buffer.from([0xff, 0xfe]));
    expect(await read()).toEqual(['one']);
    expect(await read()).toEqual(['one']);
    expect(lines).toMatchObject([{ level: 'warn', code: 'fact_source_failed', source: file }]);
  });

  test('that do not fit into a registration are left out and told', async () => {
    const { logger, lines } = recordingLogger();
    const names = Array.from({ length: 10_001 }, (_, i) => `class${i}`);
    const file = writeIn(temporaryDir(), 'a.txt', [`x${'y'.repeat(1024)}`, ...names].join('\n'));
    expect(await createClassSource([file], logger)()).toHaveLength(10_000);
    expect(lines).toMatchObject([{ reason: expect.stringContaining('2 of its classes') }]);
  });
});
