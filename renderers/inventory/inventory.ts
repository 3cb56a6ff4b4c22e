import type { Json, JsonObject } from '../../core/index.ts';
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
}

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
    section('Facts', factLines(view.facts), 'No facts known'),
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

function factLines(facts: JsonObject): readonly string[] {
  return Object.keys(facts)
    .sort()
    .map((name) => `      ${inertText(name)} => ${factText(facts[name] as Json)}`);
}
