import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type SystemFiles, systemFiles } from '../../../../agents/facts/linux/system-files.ts';
import { temporaryDir, writeIn } from '../../temporary.ts';

/** A folder laid out like a machine: files by path, `link:TARGET` for links, `dir:` for empty folders. */
export function machineWith(entries: Readonly<Record<string, string>>): SystemFiles {
  const root = temporaryDir();
  for (const [path, content] of Object.entries(entries)) {
    const at = join(root, path);
    mkdirSync(dirname(at), { recursive: true });
    if (content.startsWith('link:')) symlinkSync(content.slice(5), at);
    else if (content === 'dir:') mkdirSync(at, { recursive: true });
    else writeIn(root, path, content);
  }
  return systemFiles(root);
}
