/*
 * npm run bench: sets up what is missing, then runs bench/main.ts, bundled, with the arguments given. Modules that are
 * programs too, such as test/data/fleet.mjs, stay outside of the bundle: in it they would take themselves for it.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, runScript } from './script.mjs';
import { ensureBuilt, ensureInstalled, ensureNode } from './setup.mjs';

const say = (text) => process.stderr.write(`muster: ${text}\n`);

await runScript(async () => {
  ensureNode();
  ensureInstalled(say);
  await ensureBuilt(say);
  const { bundleForNode } = await import('./build.mjs');
  // Beside node_modules, so that packages left outside of the bundle are found.
  const out = join(root, 'node_modules', '.cache', `muster-bench-${process.pid}.mjs`);
  await bundleForNode(join(root, 'bench', 'main.ts'), out);
  try {
    const ran = spawnSync(process.execPath, ['--expose-gc', out, ...process.argv.slice(2)], {
      cwd: root,
      stdio: 'inherit',
    });
    process.exitCode = ran.status ?? 1;
  } finally {
    rmSync(out, { force: true });
  }
});
