/*
 * npm start: sets up what is missing, then becomes `muster serve --with-agent` in this same process.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root, runScript } from './script.mjs';
import { ensureBuilt, ensureInstalled, ensureNode } from './setup.mjs';

const say = (text) => process.stderr.write(`muster: ${text}\n`);

await runScript(async () => {
  ensureNode();
  ensureInstalled(say);
  await ensureBuilt(say);
  const require = createRequire(import.meta.url);
  await require(join(root, 'dist', 'commands.cjs')).main('muster', ['serve', '--with-agent', ...process.argv.slice(2)]);
});
