/*
 * The compiled form of the commands, kept beside them: V8 need not compile them at each start, which is a tenth of a
 * lookup. It serves the version of V8 that made it alone; any other compiles as ever. Made by running a lookup once, in
 * a process of its own, so that the functions a lookup needs are in it.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Loads the commands, compiled beforehand where this V8 made the cache. The bins start with it. */
const LOADER = `'use strict';
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

const filename = join(__dirname, 'commands.cjs');
const cache = join(__dirname, \`commands.\${process.platform}-\${process.arch}-\${process.versions.v8}.cache\`);

/** The exports of commands.cjs, and the script they came from where it was loaded by hand. */
exports.load = (make = false) => {
  let cachedData;
  if (!make) {
    try {
      cachedData = readFileSync(cache);
    } catch {
      return { exports: require(filename) };
    }
  }
  const source = readFileSync(filename, 'utf8');
  const wrapped = '(function (exports, require, module, __filename, __dirname) {' + source + '\\n})';
  const script = new Script(wrapped, { filename, cachedData });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, filename, __dirname);
  return { exports: module.exports, script, cache };
};
`;

/** Runs in the process that makes the cache: one lookup against an answer of its own. */
const MAKER = `
const { createServer } = require('node:http');
const { writeFileSync } = require('node:fs');
const { exports: commands, script, cache } = require(process.argv[1]).load(true);
const account = { total: 1, matched: 1, notMatched: 0, unknown: 0, matchedThoughUnknown: 0, missing: 0, otherType: [] };
const answer = JSON.stringify({ nodes: [{ identity: 'a' }], next: null, totalCount: 1, account });
const server = createServer((request, response) => {
  request.resume();
  response.setHeader('content-type', 'application/json').end(answer);
});
server.listen(0, '127.0.0.1', async () => {
  process.env.MUSTER_CLIENT_URL = 'http://127.0.0.1:' + server.address().port;
  process.stdout.write = () => true;
  await commands.main('mc-find', ['-W', 'a=b c']);
  writeFileSync(cache, script.createCachedData());
  server.close();
});
`;

/** Writes the loader and the cache of this Node into the folder of the bundles. Without a cache all works, slower. */
export function writeCodeCache(out) {
  const loader = join(out, 'load.cjs');
  writeFileSync(loader, LOADER);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MUSTER_')));
  const ran = spawnSync(process.execPath, ['-e', MAKER, loader], { env: { ...env, MUSTER_CONFIG: '/dev/null' } });
  if (ran.status !== 0) process.stderr.write(`muster: no code cache: ${ran.stderr.toString().trim()}\n`);
}
