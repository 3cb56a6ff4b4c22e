import type { Json } from '../../core/index.ts';
import { inertText } from '../text.ts';
import { factText } from '../value.ts';

/** One value of a fact and how many nodes have it. */
export interface FactCount {
  readonly value: Json;
  readonly count: number;
  /** The nodes that have it; present where they are to be listed. */
  readonly nodes?: readonly string[];
}

/** What mc-facts tells about one fact. */
export interface FactReport {
  readonly fact: string;
  readonly values: readonly FactCount[];
}

const VALUE_COLUMNS_MIN = 40;

/**
 * The report of `mc-facts FACT`, laid out as MCollective's: sorted by the text of the value, padded to the longest or 40
 * columns. Values of different types that read alike (8 and "8") are one line, as MCollective knows texts alone.
 */
export function renderFactReport(report: FactReport): string {
  const lines = byText(report.values);
  if (lines.length === 0) return `No values found for fact ${inertText(report.fact)}\n`;
  const width = Math.max(VALUE_COLUMNS_MIN, ...lines.map((line) => line.text.length));
  const body = lines.map(({ text, count, nodes }) => {
    const line = `        ${text.padEnd(width)} found ${count} times\n`;
    if (nodes === undefined) return line;
    const names = [...nodes].sort().map((node) => `            ${inertText(node)}\n`);
    return `${line}\n${names.join('')}\n`;
  });
  return `Report for fact: ${inertText(report.fact)}\n\n${body.join('')}`;
}

interface Line {
  readonly text: string;
  count: number;
  nodes: string[] | undefined;
}

function byText(values: readonly FactCount[]): readonly Line[] {
  const lines = new Map<string, Line>();
  for (const { value, count, nodes } of values) {
    const text = factText(value);
    const line = lines.get(text);
    if (line === undefined) {
      lines.set(text, { text, count, nodes: nodes === undefined ? undefined : [...nodes] });
    } else {
      line.count += count;
      line.nodes?.push(...(nodes ?? []));
    }
  }
  return [...lines.values()].sort((a, b) => (a.text < b.text ? -1 : 1));
}
