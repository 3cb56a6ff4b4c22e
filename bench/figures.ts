/** One line of the table: what was measured, what came out, what was to be reached. */
export interface Figure {
  readonly name: string;
  readonly value: string;
  /** The target in words; left out where there is none (peers, context). */
  readonly target?: string;
  /** Whether the target was reached; left out where there is none. */
  readonly met?: boolean;
}

/** A figure, and the nodes that were in the store; undefined where there were none to speak of. */
export interface Row extends Figure {
  readonly nodes: number | undefined;
}

/** Percentiles of samples in any unit. */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** p50, p99 and the largest of samples in any order; NaN where there are none. */
export function spreadOf(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? Number.NaN };
}

/** A figure in milliseconds that must stay below `target` milliseconds. */
export function below(name: string, value: number, target: number): Figure {
  const words = target < 1000 ? `< ${target} ms` : `< ${target / 1000} s`;
  return { name, value: ms(value), target: words, met: value < target };
}

/** A rate a second that must reach `target`. */
export function reaching(name: string, perSecond: number, target: number): Figure {
  return { name, value: `${count(perSecond)}/s`, target: `>= ${count(target)}/s`, met: perSecond >= target };
}

/** Milliseconds with as many digits as mean something, seconds from 10,000 on. */
export function ms(value: number): string {
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`;
  return `${value < 1 ? value.toFixed(3) : value < 100 ? value.toFixed(2) : value.toFixed(0)} ms`;
}

/** A whole number with separators. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** The rows as a Markdown table. */
export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(({ name, nodes, value, target, met }) => [
    name,
    nodes === undefined ? '' : count(nodes),
    value,
    target ?? '',
    met === undefined ? '' : met ? 'met' : '**missed**',
  ]);
  return [
    '| figure | nodes | measured | target | |',
    '|---|---:|---|---|---|',
    ...cells.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}
