import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { root } from '../test/acceptance/installed.ts';
import { type Row, tableOf } from './figures.ts';

const PAGE = join(root, 'docs', 'performance.md');
const BEGIN = '<!-- figures -->';
const END = '<!-- /figures -->';

/** Load beyond which the figures are not the server's alone. */
const QUIET_LOAD = 0.5;

/** The machine's load of the last minute, to be asked before anything runs; told on stderr where it is not quiet. */
export function loadBefore(): number {
  const load = loadavg()[0] as number;
  if (load > QUIET_LOAD) {
    process.stderr.write(
      `The machine is busy (load ${load.toFixed(1)}): the figures will be worse than on a quiet one\n`,
    );
  }
  return load;
}

/** When, what and where it ran, and the table, as Markdown. */
export function reportOf(rows: readonly Row[], load: number): string {
  const cpu = /model name\s*: (.*)/.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? cpus()[0]?.model;
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const day = new Date().toISOString().slice(0, 10);
  const machine = `${cpus().length} cores (${cpu}), ${memory}, Node ${process.version}, load ${load.toFixed(1)} before`;
  return `Run of ${day} at ${commit()}: ${machine}.\n\n${tableOf(rows)}`;
}

/** Puts a report into docs/performance.md, in place of the one that stands there. */
export function writeReport(report: string): void {
  writeFileSync(PAGE, withReport(readFileSync(PAGE, 'utf8'), report));
}

/** The page with the report between its marks. @throws Error where the page has no marks */
export function withReport(page: string, report: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`${PAGE} needs the lines ${BEGIN} and ${END}, in this order`);
  return `${page.slice(0, begin + BEGIN.length)}\n${report}\n${page.slice(end)}`;
}

function commit(): string {
  const git = (...args: readonly string[]) => execFileSync('git', args, { cwd: root }).toString().trim();
  const isClean = git('status', '--porcelain', '--untracked-files=no', '--', ':!docs', ':!bench') === '';
  return `${git('rev-parse', '--short', 'HEAD')}${isClean ? '' : ' and changes'}`;
}
