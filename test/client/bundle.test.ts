import { build } from 'esbuild';
import { expect, test } from 'vitest';

/** What a command may carry for asking: so that it starts fast. */
const CLIENT_BYTES_MAX = 40_000;

test('the client bundled alone is small, and pulls in no schema, logger, YAML or fetch', async () => {
  const { outputFiles, metafile } = await build({
    entryPoints: ['client/index.ts'],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    minify: true,
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  expect(outputFiles[0]?.contents.length).toBeLessThan(CLIENT_BYTES_MAX);
  const output = Object.values(metafile.outputs)[0];
  const inputs = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  expect(inputs.map(([path]) => path).filter((path) => path.includes('node_modules'))).toEqual([]);
  const imports = output?.imports.map(({ path, kind }) => `${kind} ${path}`).sort();
  expect(imports).toEqual([
    'dynamic-import node:https',
    'dynamic-import node:zlib',
    'require-call node:http',
    'require-call node:http',
  ]);
  expect(outputFiles[0]?.text).not.toContain('fetch(');
});
