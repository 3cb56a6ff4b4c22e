import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';

let built: URL | undefined;

/** The examining thread's entry as a file that Node runs, bundled as the build does; gone when the process ends. */
export function workerFile(): URL {
  if (built !== undefined) return built;
  const folder = mkdtempSync(join(tmpdir(), 'muster-worker-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const outfile = join(folder, 'pipeline-worker.cjs');
  buildSync({
    entryPoints: [fileURLToPath(new URL('../../registry/pipeline/worker.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'cjs',
    external: ['lmdb'],
    logLevel: 'warning',
  });
  built = pathToFileURL(outfile);
  return built;
}
