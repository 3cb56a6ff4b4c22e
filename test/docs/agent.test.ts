import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { factsDirFinder } from '../../agents/facts/facts-dir.ts';
import { factsFileSource } from '../../agents/facts/facts-file.ts';
import { createGatherer } from '../../agents/facts/gather.ts';
import { linuxSources } from '../../agents/facts/linux/collector.ts';
import { type JsonObject, loadConfig, silentLogger } from '../../core/index.ts';
import { recordingLogger } from '../agents/log-lines.ts';
import { temporaryDir, writeIn } from '../agents/temporary.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/agent.md'), 'utf8');

/** The page from a mark to the next heading or mark. */
function afterMark(mark: string): readonly string[] {
  return page
    .split(`<!-- test: ${mark} -->`)
    .slice(1)
    .map((text) => text.split(/\n##|\n<!-- test:/)[0] as string);
}

/** Fenced blocks of a text: the line before each, its language and its content. */
function blocks(text: string): readonly { readonly before: string; readonly content: string }[] {
  return [...text.matchAll(/(?:^|\n)([^\n]*)\n+```[a-z]*\n([\s\S]*?)\n```/g)].map((match) => ({
    before: match[1] ?? '',
    content: match[2] ?? '',
  }));
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('docs/agent.md', () => {
  test('its facts.txt gives what it says', async () => {
    const [source, result] = blocks(`\n${afterMark('facts.txt')[0]}`);
    const file = writeIn(temporaryDir(), 'facts.txt', source?.content ?? '');
    const { facts, warnings } = await factsFileSource(file).read({ signal: AbortSignal.timeout(1000) });
    expect(plain(facts)).toEqual(JSON.parse(result?.content ?? ''));
    expect(warnings).toEqual([]);
  });

  test('its facts.d gives what it says', async () => {
    const found = blocks(`\n${afterMark('facts.d')[0]}`);
    const dir = temporaryDir();
    for (const { before, content } of found.slice(0, -1)) {
      const name = /^`([\w.-]+)`/.exec(before)?.[1] as string;
      writeIn(dir, name, `${content}\n`, before.includes('mode 0755') ? 0o755 : 0o644);
    }
    expect(found.length).toBe(5);
    const gatherer = createGatherer({
      sources: [factsDirFinder(dir)],
      timeLimitMs: 5000,
      redact: [],
      volatile: [],
      logger: silentLogger(),
    });
    const { facts, failed } = await gatherer.gather();
    expect(failed).toEqual([]);
    expect(plain(facts)).toEqual(JSON.parse(found.at(-1)?.content ?? ''));
  });

  test('its log line is what a failing file gives', async () => {
    const shown = JSON.parse(blocks(`\n${afterMark('log line')[0]}`)[0]?.content ?? '') as JsonObject;
    const dir = temporaryDir();
    writeIn(dir, '50-backup', `#!/bin/sh\necho "${shown.stderr}" >&2\nexit 1\n`, 0o755);
    const { logger, lines } = recordingLogger();
    const sources = [factsDirFinder(dir)];
    await createGatherer({ sources, timeLimitMs: 5000, redact: [], volatile: [], logger }).gather();
    const { time: _, ...line } = lines[0] as Record<string, unknown>;
    expect(JSON.parse(JSON.stringify(line).replaceAll(dir, '/etc/muster/facts.d'))).toEqual({
      ...shown,
      durationMs: expect.any(Number),
    });
  });

  test('its configurations are valid, and their redaction does what it says', () => {
    const examples = afterMark('configuration').map((text) => blocks(`\n${text}`)[0]?.content ?? '');
    expect(examples).toHaveLength(2);
    for (const example of examples) {
      const file = writeIn(temporaryDir(), 'muster.yaml', example);
      expect(loadConfig({ file, env: {} }).config).toMatchObject(parseYaml(example) as object);
    }
  });

  test('names every fact that our own collector gives', async () => {
    for (const source of linuxSources()) {
      const { facts } = await source.read({ signal: AbortSignal.timeout(5000) });
      for (const name of Object.keys(facts)) expect(page).toContain(`\`${name}\``);
    }
  });
});
