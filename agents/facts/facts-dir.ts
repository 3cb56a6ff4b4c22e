import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { AgentError } from '../agent-error.ts';
import type { FactSource, FactSourceFinder, SourceReading } from './fact-source.ts';
import { decodeFactText, type FactFormat, guessFormat, parseFacts } from './fact-text.ts';
import { readFactFile } from './facts-file.ts';
import { CommandError, runCommand } from './subprocess.ts';

/** Files of a facts directory that are read, in the order of their names; the rest is named and left out. */
export const FACTS_DIR_FILES_MAX = 256;

const FORMATS: Readonly<Record<string, FactFormat>> = {
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.json': 'json',
  '.txt': 'key-value',
};

/** What editors and package managers leave beside the real file. */
const LEFTOVER = /^\.|~$|\.(bak|orig|rej|swp|tmp|dpkg-[a-z]+|rpmnew|rpmsave|rpmorig)$/;

const EXECUTABLE_BITS = 0o111;
const WORLD_WRITABLE = 0o002;

/** A file that may not be run: who owns it, or who may change it, could be somebody else than whoever runs the agent. */
export class RefusedExecutableError extends AgentError {
  constructor(path: string, why: string) {
    super('fact_source_failed', `${path} is not run: ${why}`, {
      remedy: `chown root and chmod o-w ${path} and its directory, if you trust what it says`,
    });
  }
}

/**
 * The files of a facts directory as sources, sorted by name, so that the later wins. By extension: `.yaml`, `.yml`,
 * `.json`, `.txt` (`key=value`); any other file that is executable is run, and prints JSON, YAML or `key=value`. Files
 * that are none of these are named in the log. No directory, no sources.
 */
export function factsDirFinder(dir: string, uid: number = process.getuid?.() ?? 0): FactSourceFinder {
  return {
    async find() {
      const names = await readdir(dir).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOENT') return [];
        return cause;
      });
      if (names instanceof Error) return [failing(dir, `it cannot be listed: ${names.message}`)];
      const wanted = names.filter((name) => !LEFTOVER.test(name)).sort();
      const sources = wanted.slice(0, FACTS_DIR_FILES_MAX).map((name) => fileSource(dir, name, uid));
      if (wanted.length > FACTS_DIR_FILES_MAX) {
        sources.push(failing(dir, `it holds ${wanted.length} files, the first ${FACTS_DIR_FILES_MAX} are read`));
      }
      return sources;
    },
  };
}

function failing(dir: string, why: string): FactSource {
  return {
    name: dir,
    layer: 'external',
    read: () => Promise.reject(new AgentError('fact_source_failed', `${dir}: ${why}`)),
  };
}

function fileSource(dir: string, name: string, uid: number): FactSource {
  const path = join(dir, name);
  return {
    name: `facts.d/${name}`,
    layer: 'external',
    async read({ signal }): Promise<SourceReading> {
      const format = FORMATS[extname(name).toLowerCase()];
      const found = await stat(path);
      if (found.isDirectory()) return { facts: {} };
      if (format !== undefined) {
        const bytes = await readFactFile(path);
        return bytes === undefined ? { facts: {} } : parseFacts(decodeFactText(bytes, path), format);
      }
      if ((found.mode & EXECUTABLE_BITS) === 0 || !found.isFile()) {
        throw new AgentError('fact_source_failed', `${path} is neither .yaml, .json, .txt nor executable`);
      }
      await checkExecutable(dir, path, uid);
      return runExecutable(dir, path, signal);
    },
  };
}

/** Refuses what somebody else could have written: owner neither root nor we, or writable by the world. */
async function checkExecutable(dir: string, path: string, uid: number): Promise<void> {
  for (const [what, at] of [
    ['its directory', dir],
    ['it', path],
  ] as const) {
    const { uid: owner, mode } = await stat(at);
    if (owner !== 0 && owner !== uid) throw new RefusedExecutableError(path, `${what} belongs to user ${owner}`);
    if ((mode & WORLD_WRITABLE) !== 0) throw new RefusedExecutableError(path, `${what} can be written by everybody`);
  }
}

async function runExecutable(dir: string, path: string, signal: AbortSignal): Promise<SourceReading> {
  const result = await runCommand({ file: path, cwd: dir, signal });
  if (result.exitCode !== 0) {
    throw new CommandError(`${path} exited ${result.exitCode ?? 'by a signal'}`, result.stderr);
  }
  const text = decodeFactText(result.stdout, path);
  return parseFacts(text, guessFormat(text));
}
