import { describe, expect, test } from 'vitest';
import type { FactSource, SourceLayer } from '../../../agents/facts/fact-source.ts';
import { createGatherer, type GathererOptions } from '../../../agents/facts/gather.ts';
import { CommandError } from '../../../agents/facts/subprocess.ts';
import { type JsonObject, VOLATILE_FACTS } from '../../../core/index.ts';
import { recordingLogger } from '../log-lines.ts';

type Answer = JsonObject | Error | 'hang';

/** A source that answers as it is told, the last answer again and again. */
function source(name: string, layer: SourceLayer, ...answers: readonly Answer[]): FactSource {
  let asked = 0;
  return {
    name,
    layer,
    read() {
      const answer = answers[Math.min(asked++, answers.length - 1)] as Answer;
      if (answer === 'hang') return new Promise(() => undefined);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ facts: answer });
    },
  };
}

function gatherer(sources: GathererOptions['sources'], options: Partial<GathererOptions> = {}) {
  const { logger, lines } = recordingLogger();
  const made = createGatherer({ sources, timeLimitMs: 200, redact: [], volatile: VOLATILE_FACTS, logger, ...options });
  const facts = async (): Promise<unknown> => JSON.parse(JSON.stringify((await made.gather()).facts));
  return { gather: made.gather, facts, lines };
}

describe('gathering', () => {
  test('takes Facter’s facts, fills their gaps at every depth from our own, and lays external ones over', async () => {
    const { facts } = gatherer([
      source('facter', 'facter', { a: { x: 1 }, list: [1], kernel: 'Linux' }),
      source('own', 'own', { a: { x: 2, y: 3 }, list: [2, 3], timezone: 'UTC' }),
      source('one', 'external', { kernel: 'Mine', site: { rack: 1, row: 2 } }),
      source('two', 'external', { site: { rack: 2 } }),
    ]);
    expect(await facts()).toEqual({
      a: { x: 1, y: 3 },
      list: [1],
      kernel: 'Mine',
      timezone: 'UTC',
      site: { rack: 2 },
    });
  });

  test('adds the legacy names, which external facts may overrule', async () => {
    const { facts } = gatherer([
      source('own', 'own', { os: { name: 'Debian' }, networking: { fqdn: 'a.b' } }),
      source('file', 'external', { fqdn: 'c.d' }),
    ]);
    expect(await facts()).toMatchObject({ operatingsystem: 'Debian', fqdn: 'c.d', networking: { fqdn: 'a.b' } });
  });

  test('goes on without a source that fails or hangs, and names it once', async () => {
    const { gather, lines } = gatherer([
      source('good', 'own', { a: 1 }),
      source('bad', 'own', new CommandError('it broke', 'said this')),
      source('slow', 'own', 'hang'),
    ]);
    const first = await gather();
    expect({ ...first.facts }).toEqual({ a: 1 });
    expect(first.failed.map(({ source: name }) => name).sort()).toEqual(['bad', 'slow']);
    expect(first.durationMs).toBeLessThan(10_000);
    expect(lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { code: 'fact_source_failed', source: 'bad', reason: 'it broke', stderr: 'said this' },
      { code: 'fact_source_failed', source: 'slow', reason: expect.stringContaining('200 ms') },
    ]);
    await gather();
    expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(2);
  });

  test('keeps the last good facts of a failing source, and says when it is well again', async () => {
    const { facts, lines } = gatherer([
      source('flaky', 'own', { a: 1 }, new Error('gone'), new Error('gone'), { a: 2 }),
    ]);
    expect(await facts()).toEqual({ a: 1 });
    expect(await facts()).toEqual({ a: 1 });
    expect(await facts()).toEqual({ a: 1 });
    expect(await facts()).toEqual({ a: 2 });
    expect(lines.map(({ level, msg }) => `${level} ${msg}`)).toEqual([
      'warn Fact source failed',
      'debug Fact source failed',
      'info Fact source is well again',
    ]);
  });

  test('takes volatile facts of now from our own collector while Facter fails', async () => {
    const { facts } = gatherer([
      source('facter', 'facter', { kernel: 'F', load_averages: { '1m': 1 } }, new Error('broken')),
      source('own', 'own', { kernel: 'O', load_averages: { '1m': 2 } }, { kernel: 'O', load_averages: { '1m': 3 } }),
    ]);
    expect(await facts()).toEqual({ kernel: 'F', load_averages: { '1m': 1 } });
    expect(await facts()).toEqual({ kernel: 'F', load_averages: { '1m': 3 } });
  });

  test('leaves out what is redacted, under its legacy name too', async () => {
    const ssh = { rsa: { key: 'AAAA', type: 'ssh-rsa', fingerprints: { sha1: 'x', sha256: 'y' } } };
    const { facts } = gatherer(
      [
        source('facter', 'facter', { ssh, os: { name: 'Debian' } }),
        source('own', 'own', { ssh }),
        source('file', 'external', { password: 'secret', 'with.dot': 1, kept: 1 }),
      ],
      { redact: ['ssh.*.key', 'password', '"with.dot"'] },
    );
    const gathered = (await facts()) as JsonObject;
    expect(gathered).toMatchObject({ ssh: { rsa: { type: 'ssh-rsa' } }, kept: 1, sshfp_rsa: 'x\ny' });
    expect(JSON.stringify(gathered)).not.toMatch(/AAAA|secret|with\.dot/);
  });

  test('leaves out the biggest external source when the whole would not fit into a registration', async () => {
    const many = Object.fromEntries(Array.from({ length: 18_500 }, (_, i) => [`k${i}`, i]));
    const { gather, lines } = gatherer([
      source('own', 'own', { a: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, i])) }),
      source('many', 'external', many),
      source('long', 'external', { text: 'x'.repeat(1_000_000) }),
      source('small', 'external', { b: 1 }),
    ]);
    const { facts, failed } = await gather();
    expect(Object.keys(facts)).toEqual(['a', 'b']);
    expect(failed.map(({ source: name }) => name)).toEqual(['long', 'many']);
    expect(lines.filter(({ code }) => code === 'fact_source_failed')).toHaveLength(2);
  });

  test('ends soon when it is aborted', async () => {
    const { gather } = gatherer([source('slow', 'own', 'hang')], { timeLimitMs: 60_000 });
    const controller = new AbortController();
    const gathering = gather(controller.signal);
    controller.abort();
    expect((await gathering).failed).toHaveLength(1);
  });

  test('bounds the time of many hanging sources together', async () => {
    const sources = Array.from({ length: 60 }, (_, i) => source(`slow${i}`, 'external', 'hang'));
    const { gather } = gatherer(sources, { timeLimitMs: 100 });
    const { durationMs, failed } = await gather();
    expect(failed).toHaveLength(60);
    expect(durationMs).toBeLessThan(4000);
  });

  test('a fact called __proto__ goes through every step', async () => {
    const { facts } = gatherer([source('file', 'external', JSON.parse('{"__proto__":{"a":1}}') as JsonObject)], {
      redact: ['nothing'],
    });
    expect(Object.keys((await facts()) as object)).toEqual(['__proto__']);
  });
});
