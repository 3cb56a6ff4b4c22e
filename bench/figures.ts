/** One line of the table: what was measured, what came out, what was to be reached. */
export interface Figure {
  readonly part: string;
  readonly name: string;
  readonly nodes: number;
  readonly value: string;
  /** The target in words, empty where there is none (peers, context). */
  readonly target: string;
  /** Undefined where there is no target. */
  readonly met?: boolean;
}

/** Percentiles of samples in any unit. */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly count: number;
}

/** Sorts a copy and reads p50, p99 and the largest. */
export function spreadOf(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? Number.NaN, count: sorted.length };
}

/** Milliseconds with as many digits as mean something. */
export function ms(value: number): string {
  return `${value < 1 ? value.toFixed(3) : value < 100 ? value.toFixed(2) : value.toFixed(0)} ms`;
}

/** A whole number with separators. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** The figures as a Markdown table. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((one) => [
    one.name,
    count(one.nodes),
    one.value,
    one.target,
    one.met === undefined ? '' : one.met ? 'met' : '**missed**',
  ]);
  return [
    '| figure | nodes | measured | target | |',
    '|---|---:|---|---|---|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}
