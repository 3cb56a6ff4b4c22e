import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { factsDirFinder } from '../../../agents/facts/facts-dir.ts';
import { factsFileSource } from '../../../agents/facts/facts-file.ts';
import { createGatherer, type Gathering } from '../../../agents/facts/gather.ts';
import { recordingLogger } from '../log-lines.ts';
import { temporaryDir, writeIn } from '../temporary.ts';

const own = process.getuid?.() ?? 0;

async function gather(dir: string, timeLimitMs = 5000): Promise<Gathering & { lines: Record<string, unknown>[] }> {
  const { logger, lines } = recordingLogger();
  const gatherer = createGatherer({ sources: [factsDirFinder(dir)], timeLimitMs, redact: [], volatile: [], logger });
  const gathering = await gatherer.gather();
  return { ...gathering, facts: JSON.parse(JSON.stringify(gathering.facts)), lines };
}

const failures = ({ failed }: Gathering) => Object.fromEntries(failed.map(({ source, reason }) => [source, reason]));

describe('a facts directory', () => {
  test('is read by extension, sorted by name, the later wins', async () => {
    const dir = temporaryDir();
    writeIn(dir, '30-last.txt', 'role=db\nflat.name=x\n');
    writeIn(dir, '10-first.yaml', 'role: web\nsite: {rack: 7, tags: [a, b]}\n');
    writeIn(dir, '20-then.json', '{"role":"app","site":{"rack":8},"big":12345678901234567890}');
    writeIn(dir, '25-run', '#!/bin/sh\necho \'{"ran": true}\'\n', 0o755);
    writeIn(dir, '26-run.sh', '#!/bin/sh\necho "key=value=more"\n', 0o755);
    writeIn(dir, '27-run.py', '#!/bin/sh\nprintf -- "---\\nlist: [1, 2]\\n"\n', 0o755);
    const { facts, failed } = await gather(dir);
    expect(failed).toEqual([]);
    expect(facts).toEqual({
      role: 'db',
      'flat.name': 'x',
      site: { rack: 8 },
      big: '12345678901234567890',
      ran: true,
      key: 'value=more',
      list: [1, 2],
    });
  });

  test('that is not there gives nothing and is no failure', async () => {
    expect(await gather(join(temporaryDir(), 'none'))).toMatchObject({ facts: {}, failed: [] });
  });

  test('names each broken file with its reason, and reads the others', async () => {
    const dir = temporaryDir();
    writeIn(dir, 'good.txt', 'a=b\n');
    writeIn(dir, 'broken.yaml', 'a: [1\n');
    writeIn(dir, 'broken.json', '{"a"');
    writeIn(dir, 'latin.txt', Buffer.from([0x61, 0x3d, 0xe9]));
    writeIn(dir, 'list.yaml', '- a\n');
    writeIn(dir, 'notes.md', 'not a fact');
    writeIn(dir, 'fails', '#!/bin/sh\necho because >&2\nexit 2\n', 0o755);
    writeIn(dir, 'huge.txt', `a=${'x'.repeat(2 * 1024 * 1024)}`);
    execFileSync('mkfifo', [join(dir, 'pipe.json')]);
    const gathering = await gather(dir);
    expect(gathering.facts).toEqual({ a: 'b' });
    expect(failures(gathering)).toEqual({
      'facts.d/broken.yaml': expect.stringContaining('not YAML'),
      'facts.d/broken.json': expect.stringContaining('not JSON'),
      'facts.d/latin.txt': expect.stringContaining('UTF-8'),
      'facts.d/list.yaml': expect.stringContaining('map'),
      'facts.d/notes.md': expect.stringContaining('neither'),
      'facts.d/fails': expect.stringContaining('exited 2'),
      'facts.d/huge.txt': expect.stringContaining('over'),
      'facts.d/pipe.json': expect.stringContaining('not a regular file'),
    });
    const line = gathering.lines.find(({ source }) => source === 'facts.d/fails');
    expect(line).toMatchObject({
      level: 'warn',
      code: 'fact_source_failed',
      stderr: 'because',
      durationMs: expect.any(Number),
    });
  });

  test('passes over what editors and packages leave', async () => {
    const dir = temporaryDir();
    for (const name of ['.hidden.txt', 'a.txt~', 'a.yaml.bak', 'a.json.dpkg-old', 'a.rpmnew', '.a.swp']) {
      writeIn(dir, name, 'leftover=true\n', 0o755);
    }
    expect(await gather(dir)).toMatchObject({ facts: {}, failed: [] });
  });

  test('kills an executable at the limit with its children, and the others go on', async () => {
    const dir = temporaryDir();
    writeIn(dir, 'hangs', '#!/bin/sh\nsleep 60 &\necho $! > pid\nwait\n', 0o755);
    writeIn(dir, 'good.txt', 'a=b\n');
    const gathering = await gather(dir, 400);
    expect(gathering.facts).toEqual({ a: 'b' });
    expect(failures(gathering)).toMatchObject({ 'facts.d/hangs': expect.stringContaining('killed at its time limit') });
    const pid = readFileSync(join(dir, 'pid'), 'utf8').trim();
    expect(() =>
      execFileSync('sh', ['-c', `! kill -0 ${pid} 2>/dev/null || grep -q "^State:.*[ZX]" /proc/${pid}/status`]),
    ).not.toThrow();
  });

  test('does not run what everybody may write, nor what lies in a directory everybody may write', async () => {
    const dir = temporaryDir();
    const file = writeIn(dir, 'script', '#!/bin/sh\necho a=b\n', 0o757);
    expect(failures(await gather(dir))).toEqual({ 'facts.d/script': expect.stringContaining('everybody') });
    chmodSync(file, 0o755);
    expect((await gather(dir)).facts).toEqual({ a: 'b' });
    chmodSync(dir, 0o777);
    expect(failures(await gather(dir))).toEqual({ 'facts.d/script': expect.stringContaining('directory') });
  });

  test('does not run what belongs to somebody else, but reads it as data', async () => {
    const dir = temporaryDir();
    const file = writeIn(dir, 'script', '#!/bin/sh\necho a=b\n', 0o755);
    const data = writeIn(dir, 'data.txt', 'c=d\n');
    // Whoever is not root cannot give files away; then the finder is told that somebody else runs it.
    if (own === 0) for (const path of [file, data]) chownSync(path, 65_534, 65_534);
    const { logger } = recordingLogger();
    const gatherer = createGatherer({
      sources: [factsDirFinder(dir, own === 0 ? 0 : own + 1)],
      timeLimitMs: 5000,
      redact: [],
      volatile: [],
      logger,
    });
    const gathering = await gatherer.gather();
    expect({ ...gathering.facts }).toEqual({ c: 'd' });
    expect(failures(gathering)['facts.d/script']).toContain('belongs to user');
  });

  test('forgets what a file said once it may not be run any more', async () => {
    const dir = temporaryDir();
    const file = writeIn(dir, 'script', '#!/bin/sh\necho a=b\n', 0o755);
    const { logger } = recordingLogger();
    const gatherer = createGatherer({
      sources: [factsDirFinder(dir)],
      timeLimitMs: 5000,
      redact: [],
      volatile: [],
      logger,
    });
    expect({ ...(await gatherer.gather()).facts }).toEqual({ a: 'b' });
    chmodSync(file, 0o757);
    expect({ ...(await gatherer.gather()).facts }).toEqual({});
  });
});

describe('the facts file', () => {
  test('is read as key=value, and its bad lines are warnings', async () => {
    const file = writeIn(temporaryDir(), 'facts.txt', '# site\ncustomer=acme\nurl=http://a/?b=c\nnonsense\n');
    const reading = await factsFileSource(file).read({ signal: AbortSignal.timeout(1000) });
    expect({ ...reading.facts }).toEqual({ customer: 'acme', url: 'http://a/?b=c' });
    expect(reading.warnings).toEqual(['line 4 is not key=value']);
  });

  test('that is not there gives nothing', async () => {
    expect(await factsFileSource('/no/such/facts.txt').read({ signal: AbortSignal.timeout(1000) })).toEqual({
      facts: {},
    });
  });
});
