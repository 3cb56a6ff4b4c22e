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
  const { main } = createRequire(import.meta.url)(join(root, 'dist', 'commands.cjs'));
  await main('muster', ['serve', '--with-agent', '--try-with', 'npx', ...process.argv.slice(2)]);
});
