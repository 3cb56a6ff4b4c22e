import { isJsonObject, type Json, type JsonObject } from '../../core/index.ts';
import { inertText } from '../text.ts';
import { factText } from '../value.ts';

/** What mc-inventory shows of one node. Facts hold their keys as they were sent. */
export interface InventoryView {
  readonly identity: string;
  readonly agents: readonly string[];
  readonly classes: readonly string[];
  readonly collectives: readonly string[];
  readonly facts: JsonObject;
  /** Label and text of each line of the first section, in order. */
  readonly statistics: readonly (readonly [label: string, text: string])[];
  /**
   * Columns of the terminal: maps and lists that do not fit on a line are told entry by entry. Left out, each fact
   * stands on one line as MCollective prints it, whatever its length.
   */
  readonly columns?: number | undefined;
}

const FACT_INDENT = '      ';
const LABEL_COLUMNS = 27;
const AGENTS_PER_ROW = 3;
const AGENT_COLUMNS = 15;
const CLASSES_PER_ROW = 2;
const CLASS_COLUMNS_MIN = 30;

/**
 * The view of one node in the sections of the seed's mc-inventory: statistics, agents (three a row), classes (two a
 * row), facts. The blank row that the original prints after full rows is not kept.
 */
export function renderInventory(view: InventoryView): string {
  const classColumns = Math.max(CLASS_COLUMNS_MIN, ...view.classes.map((name) => name.length + 1));
  return [
    `Inventory for ${inertText(view.identity)}:\n`,
    section('Server Statistics', view.statistics.map(statistic)),
    section('Agents', rows(view.agents, AGENTS_PER_ROW, AGENT_COLUMNS), 'No agents installed'),
    section(
      'Configuration Management Classes',
      rows(view.classes, CLASSES_PER_ROW, classColumns),
      'No classes applied',
    ),
    section('Facts', factLines(view.facts, view.columns ?? Number.POSITIVE_INFINITY, FACT_INDENT), 'No facts known'),
  ].join('\n');
}

function section(title: string, lines: readonly string[], whenEmpty = ''): string {
  const body = lines.length > 0 ? lines : [`      ${whenEmpty}`];
  return `   ${title}:\n${body.map((line) => `${line}\n`).join('')}`;
}

function statistic([label, text]: readonly [string, string]): string {
  return `   ${`${label}:`.padStart(LABEL_COLUMNS)} ${inertText(text)}`;
}

function rows(names: readonly string[], perRow: number, columns: number): readonly string[] {
  const sorted = [...names].sort().map(inertText);
  const lines: string[] = [];
  for (let at = 0; at < sorted.length; at += perRow) {
    const cells = sorted.slice(at, at + perRow).map((name) => name.padEnd(columns));
    lines.push(`      ${cells.join(' ')}`.trimEnd());
  }
  return lines;
}

function factLines(facts: JsonObject, columns: number, indent: string): readonly string[] {
  return Object.keys(facts)
    .sort()
    .flatMap((name) => factEntry(inertText(name), facts[name] as Json, columns, indent));
}

function factEntry(name: string, value: Json, columns: number, indent: string): readonly string[] {
  const line = `${indent}${name} => ${factText(value)}`;
  if (line.length <= columns || typeof value !== 'object' || value === null) return [line];
  const below = `${indent}  `;
  const entries = isJsonObject(value)
    ? factLines(value, columns, below)
    : value.flatMap((entry, i) => factEntry(String(i), entry, columns, below));
  return [`${indent}${name} =>`, ...entries];
}
