import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../test/acceptance/installed.ts';
import { type Figure, tableOf } from './figures.ts';
import * as parts from './parts.ts';

const { values } = parseArgs({ options: { nodes: { type: 'string' }, only: { type: 'string' } } });
const sizes = values.nodes === undefined ? [10_000, 100_000] : values.nodes.split(',').map(Number);
const only = values.only?.split(',');
const wanted = (part: string) => only === undefined || only.includes(part);
const figures: Figure[] = [];
const add = (more: readonly Figure[]): void => {
  for (const one of more)
    process.stderr.write(`${one.name}: ${one.value} ${one.met === false ? `(missed ${one.target})` : ''}\n`);
  figures.push(...more);
};

if (wanted('fresh')) {
  const folder = mkdtempSync(join(tmpdir(), 'muster-bench-'));
  add(await parts.freshClone(root, folder));
  rmSync(folder, { recursive: true, force: true });
}
for (const nodes of sizes) {
  process.stderr.write(`\n${nodes} nodes\n`);
  if (wanted('lookup')) add(parts.mingoScan(nodes));
  const { muster, figures: filled } = await parts.filledServer(nodes);
  try {
    add(filled);
    if (wanted('start')) add(await parts.starts(muster, nodes));
    if (wanted('lookup')) add(await parts.lookups(muster, nodes));
    if (wanted('wide')) add(await parts.wideQuestions(muster, nodes));
    if (wanted('command')) add(await parts.commands(muster, nodes));
    if (wanted('memory')) add([parts.memoryFigure(muster, nodes, 'after the lookups')]);
    if (wanted('ingest')) add(await parts.ndjsonIngest(muster, nodes));
    if (wanted('ingest')) add(await parts.stompIngest(muster, nodes));
    if (wanted('mixed')) for (const rate of [333, 3000]) add(await parts.lookupsWhileRegistering(muster, nodes, rate));
    if (wanted('memory')) add([parts.memoryFigure(muster, nodes, 'at the end')]);
  } finally {
    await muster.remove();
  }
}
const model = /model name\s*: (.*)/.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? cpus()[0]?.model;
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root }).toString().trim();
process.stdout.write(`
Run of ${new Date().toISOString().slice(0, 10)} at ${commit}: ${cpus().length} cores (${model}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}.

${tableOf(figures)}
`);
