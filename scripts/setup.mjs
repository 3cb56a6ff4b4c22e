/*
 * What start, test and bench do first: the right Node, the packages of the lock file, a current build. Plain Node with
 * nothing installed. Nothing is done twice: a stamp and the hidden lock file of npm tell what is there.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, SetupError } from './script.mjs';
import { isBuilt } from './sources.mjs';

const NODE_MINIMUM = [20, 19, 0];

/** @throws SetupError where this Node is older than the package's `engines`. */
export function ensureNode(version = process.versions.node) {
  const parts = version.split('.').map(Number);
  const at = NODE_MINIMUM.findIndex((least, i) => parts[i] !== least);
  if (at !== -1 && parts[at] < NODE_MINIMUM[at]) {
    throw new SetupError(
      `Node.js ${NODE_MINIMUM.join('.')} or newer is needed, this is ${version}`,
      'Install a current Node.js from https://nodejs.org or your distribution',
    );
  }
}

const STAMP = 'node_modules/.muster-installed';

/** What an installation depends on: the lock file, and the platform and Node that binary packages were chosen for. */
export function installationKey(at = root) {
  return createHash('sha256')
    .update(readFileSync(join(at, 'package-lock.json')))
    .update(`\n${process.platform} ${process.arch} ${process.version}`)
    .digest('hex');
}

/** Installs the packages of the lock file unless they are there. No install script runs. True where it installed. */
export function ensureInstalled(say, at = root) {
  const key = installationKey(at);
  const stamp = join(at, STAMP);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return false;
  if (installedByNpm(at)) {
    writeFileSync(stamp, key);
    return false;
  }
  say('installing packages (npm ci)');
  const args = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
  runNpm([...args, '--loglevel=error'], at);
  writeFileSync(stamp, key);
  return true;
}

/** True where npm's own record in node_modules has what the lock file names for this platform; more does no harm. */
function installedByNpm(at) {
  try {
    const wanted = JSON.parse(readFileSync(join(at, 'package-lock.json'), 'utf8')).packages;
    const there = JSON.parse(readFileSync(join(at, 'node_modules/.package-lock.json'), 'utf8')).packages;
    const isThere = ([path, entry]) =>
      there[path] === undefined
        ? entry.optional === true
        : there[path].version === entry.version && existsSync(join(at, path));
    const { '': _, ...packages } = wanted;
    return (
      there[`node_modules/@esbuild/${process.platform}-${process.arch}`] !== undefined &&
      Object.entries(packages).every(isThere)
    );
  } catch {
    return false;
  }
}

function runNpm(args, cwd) {
  // npm gives its own path to the scripts it runs; outside of npm it is looked for on the path.
  const own = process.env.npm_execpath;
  const asScript = own?.endsWith('.js') === true;
  const ran = spawnSync(asScript ? process.execPath : 'npm', asScript ? [own, ...args] : args, {
    cwd,
    stdio: ['ignore', 2, 2],
  });
  if (ran.error?.code === 'ENOENT') {
    throw new SetupError('npm was not found, and packages have to be installed', 'Install npm, it comes with Node.js');
  }
  if (ran.status !== 0) {
    throw new SetupError(
      `npm ${args[0]} failed with status ${ran.status ?? ran.signal}`,
      'See its message above; it needs a package registry or a filled cache, and room on the disk',
    );
  }
}

/** Builds when the sources are other than those of the last build. True where it built. */
export async function ensureBuilt(say, at = root) {
  if (isBuilt(at)) return false;
  say('building');
  const { build } = await import('./build.mjs');
  await build(at);
  return true;
}
