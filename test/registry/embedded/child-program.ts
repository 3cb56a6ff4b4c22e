import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';

/** Bundles a program of this folder for a plain `node`; packages stay where they are installed. Gives its path, good for this test. */
export async function buildProgram(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-program-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [join(import.meta.dirname, 'programs', `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    plugins: [
      {
        name: 'installed-packages',
        setup: ({ onResolve }) => {
          onResolve({ filter: /^[a-z@]/ }, ({ path }) => ({ path: import.meta.resolve(path), external: true }));
        },
      },
    ],
  });
  return outfile;
}

/** A program at work: its lines on standard output, and its end. */
export interface RunningProgram {
  readonly child: ChildProcess;
  /** Whole lines so far. */
  readonly lines: readonly string[];
  /** Resolves with the first line that passes. */
  line(passes: (line: string) => boolean): Promise<string>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** Starts a command and collects its lines. */
export function run(command: string, args: readonly string[]): RunningProgram {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const waiting = new Set<(line: string) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const look of waiting) look(line);
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return {
    child,
    lines,
    ended,
    line: (passes) =>
      new Promise((resolve, reject) => {
        const found = lines.find(passes);
        if (found !== undefined) return resolve(found);
        waiting.add((line) => passes(line) && resolve(line));
        ended.then(({ code }) => reject(new Error(`${command} ended with ${code} before the line came`)), reject);
      }),
  };
}
