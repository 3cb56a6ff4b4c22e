import { inertText } from '../text.ts';

/** One column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly align?: 'left' | 'right';
}

/** Rows below their titles, columns as wide as their widest cell, two blanks between. Nothing where there are no rows. */
export function renderTable<Row>(columns: readonly Column<Row>[], list: readonly Row[]): string {
  if (list.length === 0) return '';
  const cells = [
    columns.map((column) => column.title),
    ...list.map((row) => columns.map((c) => inertText(c.cell(row)))),
  ];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]?.length ?? 0)));
  const aligned = (text: string, i: number): string =>
    columns[i]?.align === 'right' ? text.padStart(widths[i] as number) : text.padEnd(widths[i] as number);
  return cells.map((line) => `${line.map(aligned).join('  ').trimEnd()}\n`).join('');
}
