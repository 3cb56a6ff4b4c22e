/*
 * Builds dist/: bundles by esbuild with nothing but lmdb left outside, so that an installed package is small and starts
 * fast. The commands are one light CommonJS bundle; what is heavy (the server, the agent, the YAML loader) stands in
 * bundles of its own that the light one loads when a command needs them.
 */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build as bundle } from 'esbuild';
import { writeCodeCache } from './code-cache.mjs';
import { root, runScript } from './script.mjs';
import { markBuilt, sourcesKey } from './sources.mjs';
import { thirdPartyNotices } from './third-party.mjs';
import { compiledValidators, evaluatedData } from './validators.mjs';

/** Bundles by their name in dist/, with the source each starts from. */
const BUNDLES = {
  commands: 'cli/main.ts',
  settings: 'cli/settings/full.ts',
  become: 'cli/become.ts',
  choose: 'cli/choose.ts',
  'json-lines': 'cli/json-lines.ts',
  server: 'cli/server/index.ts',
  node: 'cli/node-side/index.ts',
  'pipeline-worker': 'registry/pipeline/worker.ts',
};

/** Modules that export data alone, made by libraries that a command need not load. */
const DATA_MODULES = ['core/config-schema.ts', 'cli/settings/known-environment.ts'];

/** Builds everything into dist/ of the checkout at `at`. */
export async function build(at = root) {
  const key = sourcesKey(at);
  const manifest = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'));
  // Built aside and moved into place file by file, so that a server or test of the old build goes on working.
  const out = join(at, `dist.${process.pid}`);
  rmSync(out, { recursive: true, force: true });
  try {
    const entryPoints = Object.fromEntries(
      Object.entries(BUNDLES)
        .filter(([, source]) => existsSync(join(at, source)))
        .map(([name, source]) => [name, join(at, source)]),
    );
    entryPoints.yaml = 'yaml';
    const result = await bundle({
      absWorkingDir: at,
      entryPoints,
      outdir: out,
      outExtension: { '.js': '.cjs' },
      bundle: true,
      platform: 'node',
      target: 'node20.19',
      format: 'cjs',
      // import() loads Node's module loader, 30 ms; as a require the other bundle alone.
      supported: { 'dynamic-import': false },
      // Names stay as they are: they stand in logs, and keeping them beside short ones costs time at each start.
      minifySyntax: true,
      minifyWhitespace: true,
      legalComments: 'none',
      charset: 'utf8',
      external: ['lmdb'],
      define: {
        'import.meta.url': 'importMetaUrl',
        'import.meta.dirname': '__dirname',
        'process.env.MUSTER_VERSION_BUILT': JSON.stringify(manifest.version),
      },
      banner: { js: 'const importMetaUrl=require("node:url").pathToFileURL(__filename).href;' },
      metafile: true,
      logLevel: 'warning',
      plugins: [evaluatedData(at, DATA_MODULES), compiledValidators(), loadedLater(at), lazyYaml(at), noExecutables()],
    });
    writeBins(out, Object.keys(manifest.bin));
    writeCodeCache(out);
    writeFileSync(join(out, 'THIRD-PARTY-NOTICES.txt'), thirdPartyNotices(result.metafile, at));
    moveInto(out, join(at, 'dist'));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
  markBuilt(key, at);
  linkBins(manifest.bin, at);
}

/** Bundles one source of ours into one module for this checkout, its packages left in node_modules. */
export async function bundleForNode(source, out) {
  // Modules that look at their own address to know whether they are the program keep it.
  const asTheyAre = {
    name: 'as-they-are',
    setup(setup) {
      setup.onResolve({ filter: /^\..*\.mjs$/ }, ({ path, resolveDir }) => ({
        path: pathToFileURL(resolve(resolveDir, path)).href,
        external: true,
      }));
    },
  };
  await bundle({
    entryPoints: [source],
    outfile: out,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    packages: 'external',
    sourcemap: 'inline',
    plugins: [asTheyAre],
    logLevel: 'warning',
  });
}

/** Turns `import('../server/index.ts')` into a require of that bundle: inlined, it would keep all it touches. */
function loadedLater(at) {
  return {
    name: 'loaded-later',
    setup(setup) {
      setup.onResolve({ filter: /^\.\.?\// }, (args) => {
        if (args.kind !== 'dynamic-import') return undefined;
        const source = relative(at, resolve(args.resolveDir, args.path));
        const [name] = Object.entries(BUNDLES).find(([, entry]) => entry === source) ?? [];
        return name === undefined ? undefined : { path: `./${name}.cjs`, external: true };
      });
    },
  };
}

/** Commander can run commands that are programs of their own. Ours are not: what it needs for that is left out. */
function noExecutables() {
  return {
    name: 'no-executables',
    setup(setup) {
      setup.onResolve({ filter: /^node:child_process$/ }, ({ importer, path }) =>
        importer.includes('/node_modules/commander/') ? { path, namespace: 'no-executables' } : undefined,
      );
      setup.onLoad({ filter: /.*/, namespace: 'no-executables' }, () => ({ contents: '', loader: 'js' }));
    },
  };
}

/** The configuration loader reads YAML only where there is a file: its reader becomes a bundle of its own. */
function lazyYaml(at) {
  return {
    name: 'lazy-yaml',
    setup(setup) {
      setup.onResolve({ filter: /^yaml$/ }, ({ importer }) =>
        importer === join(at, 'core/config.ts') ? { path: 'yaml', namespace: 'lazy-yaml' } : undefined,
      );
      setup.onResolve({ filter: /^\.\/yaml\.cjs$/ }, ({ path }) => ({ path, external: true }));
      setup.onLoad({ filter: /.*/, namespace: 'lazy-yaml' }, () => ({
        contents: `exports.parse = (text) => require('./yaml.cjs').parse(text);`,
        loader: 'js',
      }));
    },
  };
}

function writeBins(out, names) {
  mkdirSync(join(out, 'bin'));
  for (const name of names) {
    const file = join(out, 'bin', `${name}.cjs`);
    writeFileSync(file, `#!/usr/bin/env node\nrequire('../load.cjs').load().exports.main('${name}');\n`);
    chmodSync(file, 0o755);
  }
}

function moveInto(from, to) {
  mkdirSync(to, { recursive: true });
  const fresh = new Set(readdirSync(from, { recursive: true }).map(String));
  for (const path of fresh) {
    if (lstatSync(join(from, path)).isDirectory()) mkdirSync(join(to, path), { recursive: true });
    else renameSync(join(from, path), join(to, path));
  }
  for (const path of readdirSync(to, { recursive: true }).map(String)) {
    if (!fresh.has(path)) rmSync(join(to, path), { recursive: true, force: true });
  }
}

/** npm links the bins of dependencies but not a project's own: without this `npx muster` finds nothing in a clone. */
function linkBins(bins, at) {
  const folder = join(at, 'node_modules', '.bin');
  mkdirSync(folder, { recursive: true });
  for (const [name, target] of Object.entries(bins)) {
    const link = join(folder, name);
    if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) unlinkSync(link);
    symlinkSync(relative(dirname(link), join(at, target)), link);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await runScript(() => build());
