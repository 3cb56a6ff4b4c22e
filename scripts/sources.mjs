/*
 * Tells whether dist/ is what a build of the sources would give, by a stamp: no source is read.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './script.mjs';

const SOURCES = ['core', 'wire', 'client', 'registry', 'query', 'renderers', 'agents', 'cli', 'scripts'];
const SOURCE_FILES = ['package.json', 'package-lock.json'];

/** A digest over path, size and time of every source that the build reads. */
export function sourcesKey(at = root) {
  const hash = createHash('sha256');
  const visit = (path) => {
    const found = statSync(join(at, path), { throwIfNoEntry: false });
    if (found === undefined) return;
    if (found.isDirectory()) {
      for (const name of readdirSync(join(at, path)).sort()) visit(join(path, name));
    } else {
      hash.update(`${path} ${found.size} ${found.mtimeMs}\n`);
    }
  };
  for (const path of [...SOURCES, ...SOURCE_FILES]) visit(path);
  return hash.digest('hex');
}

const BUILD_STAMP = 'dist/.built';

/** True where the sources are those of the last build. */
export function isBuilt(at = root) {
  const stamp = join(at, BUILD_STAMP);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === sourcesKey(at);
}

/** Notes that dist/ now stands for the sources of `key`, taken before the build read them. */
export function markBuilt(key, at = root) {
  writeFileSync(join(at, BUILD_STAMP), key);
}
