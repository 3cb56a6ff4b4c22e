import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach } from 'vitest';

const made: string[] = [];

afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});

/** A folder that goes with the test, mode 0755, so that it is no reason to refuse what lies in it. */
export function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'muster-agents-'));
  chmodSync(dir, 0o755);
  made.push(dir);
  return dir;
}

/** Writes a file below a folder, with the folders it needs, and gives its path. */
export function writeIn(dir: string, path: string, text: string | Uint8Array, mode = 0o644): string {
  const file = join(dir, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}
