import { inertText } from '../text.ts';

/** One column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly align?: 'left' | 'right';
}

/**
 * Rows below their titles, columns as wide as their widest cell, two blanks between. Nothing where there are no rows.
 * Lines longer than `width` end in `…`: for a terminal, where a wrapped table is no table.
 */
export function renderTable<Row>(columns: readonly Column<Row>[], list: readonly Row[], width?: number): string {
  if (list.length === 0) return '';
  const cells = [
    columns.map((column) => column.title),
    ...list.map((row) => columns.map((c) => inertText(c.cell(row)))),
  ];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]?.length ?? 0)));
  const aligned = (text: string, i: number): string =>
    columns[i]?.align === 'right' ? text.padStart(widths[i] as number) : text.padEnd(widths[i] as number);
  return cells.map((line) => `${cut(line.map(aligned).join('  ').trimEnd(), width)}\n`).join('');
}

function cut(line: string, width: number | undefined): string {
  return width === undefined || line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}
