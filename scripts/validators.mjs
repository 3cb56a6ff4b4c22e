/*
 * Validators compiled at build. Ajv takes tens of milliseconds to load and compile a schema; its standalone code takes
 * none. In every module of ours, `new Ajv(OPTIONS).compile(SCHEMA)` is replaced by the code generated for it.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build as bundle } from 'esbuild';

const require = createRequire(import.meta.url);
const CALL = /new Ajv\([^()]*\)\.compile(?:<[^>]*>)?\([^()]*\)/g;
const IMPORT = /^import \{ Ajv \} from 'ajv';$/m;

/** The esbuild plugin that does so. */
export function compiledValidators() {
  return {
    name: 'compiled-validators',
    setup(setup) {
      setup.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (path.includes(`${sep}node_modules${sep}`)) return undefined;
        const source = readFileSync(path, 'utf8');
        if (!IMPORT.test(source)) return undefined;
        const compiled = (await capturedSchemas(path)).map(({ options, schema }) => generated(options, schema));
        const calls = source.match(CALL) ?? [];
        // A module that compiles only when it is called is left to do so.
        if (calls.length !== compiled.length) return undefined;
        const contents = source.replace(IMPORT, '').replace(CALL, () => compiled.shift());
        return { contents, loader: 'ts', resolveDir: join(path, '..') };
      });
    },
  };
}

/** The esbuild plugin that replaces modules which export data alone by that data: their makers need not be loaded. */
export function evaluatedData(at, paths) {
  return {
    name: 'evaluated-data',
    setup(setup) {
      setup.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (!paths.includes(path.slice(at.length + 1))) return undefined;
        const entries = Object.entries(await evaluated(path));
        const contents = entries.map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};`).join('\n');
        return { contents, loader: 'js' };
      });
    },
  };
}

/** Standalone code as an expression: it is CommonJS, and gets a function of its own in the place of the call. */
function generated(options, schema) {
  const { Ajv } = require('ajv');
  const standaloneCode = require('ajv/dist/standalone').default;
  const ajv = new Ajv({ ...options, code: { source: true } });
  const code = standaloneCode(ajv, ajv.compile(schema));
  return `(() => { const module: any = { exports: {} };\n${code}\nreturn module.exports; })()`;
}

/** Runs the module with an Ajv that only notes what it is asked to compile. */
async function capturedSchemas(file) {
  const captured = [];
  const register = uniqueName();
  globalThis[register] = captured;
  const stub = `export class Ajv { constructor(options) { this.options = options; }
    compile(schema) { globalThis['${register}'].push({ options: this.options, schema }); return () => true; } }`;
  const stubAjv = {
    name: 'ajv-stub',
    setup(setup) {
      setup.onResolve({ filter: /^ajv$/ }, ({ importer }) =>
        importer === file ? { path: 'ajv', namespace: 'ajv-stub' } : undefined,
      );
      setup.onLoad({ filter: /.*/, namespace: 'ajv-stub' }, () => ({ contents: stub, loader: 'js' }));
    },
  };
  try {
    await evaluated(file, [stubAjv]);
  } finally {
    delete globalThis[register];
  }
  return captured;
}

/** The exports of a TypeScript module of ours. */
export async function evaluated(file, plugins = []) {
  const out = join(tmpdir(), `muster-${uniqueName()}.mjs`);
  const result = await bundle({
    entryPoints: [file],
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
    external: ['lmdb'],
    banner: {
      js: `import{createRequire}from'node:module';const require=createRequire(${JSON.stringify(import.meta.url)});`,
    },
    plugins,
  });
  writeFileSync(out, result.outputFiles[0].contents);
  try {
    return await import(pathToFileURL(out).href);
  } finally {
    rmSync(out, { force: true });
  }
}

function uniqueName() {
  return `evaluated-${process.pid}-${Math.random().toString(36).slice(2)}`;
}
