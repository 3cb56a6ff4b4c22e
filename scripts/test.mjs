/*
 * npm test: sets up what the tests need, then lint, types, build and every test. Each step runs whatever became of the
 * one before. The last line counts the tests: `N passed, N failed`, and `, N skipped` where some were. Arguments go to vitest.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePrograms } from './debian.mjs';
import { root, runScript, SetupError } from './script.mjs';
import { ensureBuilt, ensureInstalled, ensureNode } from './setup.mjs';

const say = (text) => process.stderr.write(`muster: ${text}\n`);

/** The counts in a report of vitest's json reporter. A file that failed to load counts as one failed test. */
export function countsOf(report) {
  const unloaded = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** The closing line of a run. */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}

function step(name, program, args) {
  say(name);
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NODE_ENV: 'test' },
  });
  if (error !== undefined) say(`${name}: ${error.message}`);
  if (status !== 0) say(`${name} failed`);
  return status === 0;
}

async function main() {
  ensureNode();
  ensurePrograms(say);
  ensureInstalled(say);
  const local = (name) => join(root, 'node_modules', '.bin', name);
  const linted = step('biome check', local('biome'), ['check', '--error-on-warnings', '.']);
  const typed = step('tsc', local('tsc'), ['--noEmit']);
  const built = await ensureBuilt(say).then(
    () => true,
    (error) => {
      say(`the build failed: ${error.message}`);
      return false;
    },
  );
  const folder = mkdtempSync(join(tmpdir(), 'muster-test-'));
  const output = join(folder, 'report.json');
  const vitest = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${output}`];
  const tested = step('vitest', local('vitest'), [...vitest, ...process.argv.slice(2)]);
  let counts;
  try {
    counts = countsOf(JSON.parse(readFileSync(output, 'utf8')));
  } catch (cause) {
    throw new SetupError(`vitest left no report: ${cause.message}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const steps = { 'biome check': linted, tsc: typed, build: built, vitest: tested };
  const broken = Object.keys(steps).filter((name) => !steps[name]);
  if (broken.length > 0 || counts.failed > 0 || counts.passed === 0) {
    say(`failed: ${broken.join(', ') || 'no test ran'}`);
    process.exitCode = 1;
  }
  process.stdout.write(`${closingLine(counts)}\n`);
}

if (process.argv[1]?.endsWith('test.mjs')) await runScript(main);
