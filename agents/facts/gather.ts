import { setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';
import { compileVolatile, type JsonObject, type Logger, limits } from '../../core/index.ts';
import type { FactSource, FactSourceFinder, SourceReading } from './fact-source.ts';
import { bytesOf, emptyFacts, fillGaps, leavesOf, overlay } from './fact-values.ts';
import { RefusedExecutableError } from './facts-dir.ts';
import { legacyFacts } from './legacy-facts.ts';
import { redactor, splitFacts } from './redact.ts';
import { CommandError } from './subprocess.ts';

/*
 * Runs the sources side by side, each bounded and apart from the others, and makes one map of facts of what they gave:
 *
 *   facter > own collector (gaps) > legacy names derived > external facts laid over > redacted
 *
 * A source that fails keeps its last good facts; only the volatile ones among them give way to our own collector's,
 * which are of now.
 */

/** Sources read at once; each may be a process. */
const SOURCES_AT_ONCE_MAX = 8;

/** All sources together may take this many time limits; what is not read by then counts as failed. */
const TOTAL_LIMITS = 3;

/** Bytes and leaves that a registration needs beside its facts. */
const MESSAGE_BYTES_RESERVE = 128 * 1024;
const LEAVES_RESERVE = 1000;

/** Settings of {@link createGatherer}. */
export interface GathererOptions {
  readonly sources: readonly (FactSource | FactSourceFinder)[];
  /** Of one source, milliseconds. */
  readonly timeLimitMs: number;
  readonly redact: readonly string[];
  /** Patterns of volatile facts, the built-in list and the setting's. */
  readonly volatile: readonly string[];
  readonly logger: Logger;
}

/** A source that gave no facts of now. */
export interface FailedSource {
  readonly source: string;
  readonly reason: string;
  readonly durationMs: number;
}

/** What one gathering gave. */
export interface Gathering {
  /** Keys as the sources gave them. */
  readonly facts: JsonObject;
  readonly failed: readonly FailedSource[];
  readonly durationMs: number;
}

/** Gathers again and again, remembering each source's last good facts. */
export interface Gatherer {
  /** Never rejects for a source's sake. */
  gather(signal?: AbortSignal): Promise<Gathering>;
}

interface Outcome {
  readonly source: FactSource;
  readonly facts: JsonObject;
  readonly fresh: boolean;
}

/** Makes a {@link Gatherer}. */
export function createGatherer(options: GathererOptions): Gatherer {
  const { logger, timeLimitMs } = options;
  const redact = redactor(options.redact);
  const volatile = compileVolatile(options.volatile);
  let lastGood = new Map<string, JsonObject>();
  let lastReasons = new Map<string, string>();

  /** A failure is told once, and again when its reason changes; in between at debug. */
  function report(failed: readonly (FailedSource & { readonly stderr?: string })[], warned: Map<string, string>): void {
    const reasons = new Map(warned);
    for (const failure of failed) reasons.set(failure.source, failure.reason);
    for (const { source, reason, durationMs, stderr } of failed) {
      const level = lastReasons.get(source) === reason ? 'debug' : 'warn';
      logger[level](
        { code: 'fact_source_failed', source, durationMs, reason, ...(stderr ? { stderr } : {}) },
        'Fact source failed',
      );
    }
    for (const [source, reason] of warned) {
      const level = lastReasons.get(source) === reason ? 'debug' : 'warn';
      logger[level]({ source, reason }, 'Fact source has faults');
    }
    for (const source of lastReasons.keys())
      if (!reasons.has(source)) logger.info({ source }, 'Fact source is well again');
    lastReasons = reasons;
  }

  return {
    async gather(signal) {
      const startedAt = performance.now();
      const total = deadline(timeLimitMs * TOTAL_LIMITS, signal);
      const failed: (FailedSource & { readonly stderr?: string })[] = [];
      const warned = new Map<string, string>();
      const sources = await found(options.sources);
      const good = new Map<string, JsonObject>();
      const outcomes = await inParallel(sources, async (source): Promise<Outcome> => {
        const begun = performance.now();
        try {
          const reading = await readInTime(source, timeLimitMs, total.signal);
          good.set(source.name, reading.facts);
          if (reading.warnings?.length) warned.set(source.name, reading.warnings.join('; '));
          return { source, facts: reading.facts, fresh: true };
        } catch (thrown) {
          const durationMs = Math.round(performance.now() - begun);
          failed.push({ source: source.name, durationMs, ...evidenceOf(thrown) });
          const kept = thrown instanceof RefusedExecutableError ? undefined : lastGood.get(source.name);
          if (kept !== undefined) good.set(source.name, kept);
          return { source, facts: kept ?? {}, fresh: false };
        }
      });
      total.cancel();
      lastGood = good;

      const fitting = dropUntilItFits(outcomes, failed);
      const facts = redact(assemble(fitting, redact, volatile));
      report(failed, warned);
      return { facts, failed, durationMs: Math.round(performance.now() - startedAt) };
    },
  };
}

async function found(sources: GathererOptions['sources']): Promise<readonly FactSource[]> {
  const lists = await Promise.all(sources.map((source) => ('find' in source ? source.find() : [source])));
  return lists.flat();
}

function evidenceOf(thrown: unknown): { readonly reason: string; readonly stderr?: string } {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return thrown instanceof CommandError && thrown.stderr !== '' ? { reason, stderr: thrown.stderr } : { reason };
}

function deadline(ms: number, outer: AbortSignal | undefined): { signal: AbortSignal; cancel: () => void } {
  const controller = new AbortController();
  // Every source at work listens; SOURCES_AT_ONCE_MAX bounds them.
  setMaxListeners(0, controller.signal);
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, ms);
  if (outer?.aborted) abort();
  outer?.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    cancel: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', abort);
    },
  };
}

/** One reading within its limit. A source that ignores its signal is left behind; its late answer goes nowhere. */
async function readInTime(source: FactSource, limitMs: number, outer: AbortSignal): Promise<SourceReading> {
  const limit = deadline(limitMs, outer);
  try {
    return await new Promise<SourceReading>((resolve, reject) => {
      const late = (): void => {
        // The source's own words come first, where it heeds the signal: they hold its standard error.
        setImmediate(() => reject(new Error(`it gave nothing within ${limitMs} ms`)));
      };
      if (limit.signal.aborted) return reject(new Error('no time was left for it'));
      limit.signal.addEventListener('abort', late, { once: true });
      source.read({ signal: limit.signal }).then(resolve, reject);
    });
  } finally {
    limit.cancel();
  }
}

async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = new Array<R>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const i = next++;
      results[i] = await work(items[i] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(SOURCES_AT_ONCE_MAX, items.length) }, worker));
  return results;
}

/** Leaves out the biggest external sources until the registration fits its limits: a node is better seen without them. */
function dropUntilItFits(outcomes: readonly Outcome[], failed: FailedSource[]): readonly Outcome[] {
  let kept = outcomes.map((outcome) => ({
    outcome,
    bytes: bytesOf(outcome.facts),
    leaves: leavesOf(outcome.facts),
  }));
  const sum = (field: 'bytes' | 'leaves'): number => kept.reduce((total, one) => total + one[field], 0);
  while (
    sum('bytes') > limits.messageBytesMax - MESSAGE_BYTES_RESERVE ||
    sum('leaves') > limits.leavesMax - LEAVES_RESERVE
  ) {
    const biggest = kept
      .filter((one) => one.outcome.source.layer === 'external')
      .sort((a, b) => b.bytes - a.bytes || b.leaves - a.leaves)[0];
    if (biggest === undefined) break;
    kept = kept.filter((one) => one !== biggest);
    failed.push({
      source: biggest.outcome.source.name,
      reason: `its ${biggest.leaves} values of ${biggest.bytes} bytes do not fit into a registration and are left out`,
      durationMs: 0,
    });
  }
  return kept.map((one) => one.outcome);
}

function assemble(
  outcomes: readonly Outcome[],
  redact: (facts: JsonObject) => JsonObject,
  volatile: ReturnType<typeof compileVolatile>,
): JsonObject {
  const layer = (name: FactSource['layer']): readonly Outcome[] =>
    outcomes.filter(({ source }) => source.layer === name);
  const own = layer('own').reduce<JsonObject>((facts, outcome) => fillGaps(facts, outcome.facts), emptyFacts());
  const facter = layer('facter').reduce<JsonObject>((facts, outcome) => fillGaps(facts, outcome.facts), emptyFacts());
  const facterIsFresh = layer('facter').every((outcome) => outcome.fresh);
  const ofNow = facterIsFresh ? emptyFacts() : splitFacts(own, volatile).taken;
  const structured = redact(fillGaps(ofNow, fillGaps(facter, own)));
  // Derived from what is left after redaction, so that nothing comes back under its old name.
  const core = fillGaps(structured, legacyFacts(structured));
  return layer('external').reduce<JsonObject>((facts, outcome) => overlay(facts, outcome.facts), core);
}
