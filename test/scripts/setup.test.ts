import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const script = (name: string) => import(pathToFileURL(join(root, 'scripts', name)).href);

interface Setup {
  ensureNode(version: string): void;
  ensureInstalled(say: (text: string) => void, at: string): boolean;
}

interface Counting {
  countsOf(report: unknown): { passed: number; failed: number; skipped: number };
  closingLine(counts: { passed: number; failed: number; skipped: number }): string;
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-setup-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the set-up', () => {
  it('refuses a Node that is too old, by a sentence', async () => {
    const { ensureNode } = (await script('setup.mjs')) as Setup;
    for (const version of ['18.20.0', '20.18.9', '20.9.0']) expect(() => ensureNode(version)).toThrow('20.19.0');
    for (const version of ['20.19.0', '20.20.2', '22.0.0', '24.1.0']) ensureNode(version);
  });

  it('takes what npm ci installed, and does not install again', async () => {
    const { ensureInstalled } = (await script('setup.mjs')) as Setup;
    const binary = `node_modules/@esbuild/${process.platform}-${process.arch}`;
    const packages = { '': {}, [binary]: { version: '1.0.0', optional: true }, 'node_modules/b': { version: '2.0.0' } };
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages }));
    for (const path of [binary, 'node_modules/b']) mkdirSync(join(folder, path), { recursive: true });
    const { '': _, ...installed } = packages;
    writeFileSync(join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages: installed }));
    const said: string[] = [];
    const say = (text: string) => said.push(text);
    expect(ensureInstalled(say, folder)).toBe(false);
    expect(existsSync(join(folder, 'node_modules/.muster-installed'))).toBe(true);
    // The stamp alone is enough from then on.
    rmSync(join(folder, 'node_modules/.package-lock.json'));
    expect(ensureInstalled(say, folder)).toBe(false);
    expect(said).toEqual([]);
  });

  it('says so where npm is not there', () => {
    writeFileSync(join(folder, 'package-lock.json'), '{"packages":{}}');
    const program = `import { runScript } from '${pathToFileURL(join(root, 'scripts/script.mjs')).href}';
      import { ensureInstalled } from '${pathToFileURL(join(root, 'scripts/setup.mjs')).href}';
      await runScript(() => ensureInstalled(() => {}, '${folder}'));`;
    const ran = spawnSync(process.execPath, ['--input-type=module', '-e', program], { env: { PATH: '/nonexistent' } });
    expect(ran.stderr.toString()).toContain('npm was not found');
    expect(ran.stderr.toString()).not.toContain('    at ');
    expect(ran.status).toBe(1);
  });

  it('tells a changed source from a built one', async () => {
    const { isBuilt, markBuilt, sourcesKey } = (await script('sources.mjs')) as {
      isBuilt(at: string): boolean;
      markBuilt(key: string, at: string): void;
      sourcesKey(at: string): string;
    };
    mkdirSync(join(folder, 'core'));
    mkdirSync(join(folder, 'dist'));
    const source = join(folder, 'core', 'one.ts');
    writeFileSync(source, 'export const one = 1;\n');
    expect(isBuilt(folder)).toBe(false);
    markBuilt(sourcesKey(folder), folder);
    expect(isBuilt(folder)).toBe(true);
    utimesSync(source, new Date(), new Date(Date.now() + 5000));
    expect(isBuilt(folder)).toBe(false);
    markBuilt(sourcesKey(folder), folder);
    writeFileSync(join(folder, 'core', 'two.ts'), '');
    expect(isBuilt(folder)).toBe(false);
  });
});

describe('the closing line of npm test', () => {
  const report = (over: object) => ({
    numPassedTests: 3,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [],
    ...over,
  });

  it('counts what passed and failed, and what was skipped where something was', async () => {
    const { countsOf, closingLine } = (await script('test.mjs')) as Counting;
    expect(closingLine(countsOf(report({})))).toBe('3 passed, 0 failed');
    expect(closingLine(countsOf(report({ numFailedTests: 2, numPendingTests: 1, numTodoTests: 1 })))).toBe(
      '3 passed, 2 failed, 2 skipped',
    );
  });

  it('counts a file that could not even be loaded as failed', async () => {
    const { countsOf } = (await script('test.mjs')) as Counting;
    const testResults = [
      { status: 'failed', assertionResults: [] },
      { status: 'failed', assertionResults: [{ status: 'failed' }] },
      { status: 'passed', assertionResults: [] },
    ];
    expect(countsOf(report({ numFailedTests: 1, testResults })).failed).toBe(2);
  });
});

describe('the pages that are made from the code', () => {
  it('say what the code says', () => {
    const ran = spawnSync(process.execPath, [join(root, 'scripts/docs.mjs'), '--check'], { encoding: 'utf8' });
    expect(ran.stderr).toBe('');
    expect(ran.status).toBe(0);
  });
});

describe('the build', () => {
  it('carries the licences of what it bundles', () => {
    const notices = readFileSync(join(root, 'dist', 'THIRD-PARTY-NOTICES.txt'), 'utf8');
    for (const name of ['commander', 'fastify', 'graphql', 'mercurius', 'pino', 'prom-client', 're2js', 'yaml']) {
      expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, 'm'));
    }
    expect(notices).toContain('Permission is hereby granted');
  });

  it('compiles validators beforehand for the commands', () => {
    for (const bundle of ['commands', 'settings']) {
      const code = readFileSync(join(root, 'dist', `${bundle}.cjs`), 'utf8');
      expect(code).not.toContain('strictSchema');
      expect(code).not.toContain('typebox');
    }
  });
});
