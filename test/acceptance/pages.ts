import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Installed, type Ran, root, run } from './installed.ts';

/** The commands of a page's blocks that follow a `<!-- test: name -->` line, one text a block. */
export function blocksOf(page: string, name: string): readonly string[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/<!-- test: ([\w-]+) -->\n```sh\n([\s\S]*?)```/g)]
    .filter((m) => m[1] === name)
    .map((m) => m[2] as string);
}

/**
 * Runs a block in a shell as a reader would, against this server: its port, its commands. Elsewhere than in the checkout
 * the commands are those on the path, as after a global install.
 */
export function asTyped(muster: Installed, block: string, folder = root): Promise<Ran> {
  const npx = folder === root ? 'npx --no-install ' : '';
  const script = block.replaceAll('http://127.0.0.1:8420', muster.url).replaceAll('npx ', npx);
  const path = `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`;
  return run('bash', ['-euo', 'pipefail', '-c', script], { env: { ...muster.env, PATH: path }, cwd: folder });
}
