import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/*
 * The arrows between the rooms are held by the linter. Here violations are planted in an empty copy of the tree, to see
 * that it finds them, and allowed imports, to see that it leaves them alone.
 */

const root = join(import.meta.dirname, '..');
const biome = join(root, 'node_modules', '.bin', 'biome');
let copy: string;

const ROOMS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  wire: ['core'],
  client: ['core'],
  registry: ['core', 'wire'],
  query: ['core', 'registry'],
  renderers: ['core'],
  agents: ['core', 'wire'],
  orchestrate: ['core', 'wire', 'agents'],
  cli: ['core', 'wire', 'client', 'registry', 'query', 'renderers', 'agents', 'orchestrate'],
};
const names = Object.keys(ROOMS);

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'muster-rooms-'));
  cpSync(join(root, 'biome.json'), join(copy, 'biome.json'));
  cpSync(join(root, '.gitignore'), join(copy, '.gitignore'));
  spawnSync('git', ['init', '-q'], { cwd: copy });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const name of names) plant(`${name}/index.ts`, `export const ${name} = 1;\n`);
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

function plant(path: string, text: string): void {
  mkdirSync(dirname(join(copy, path)), { recursive: true });
  writeFileSync(join(copy, path), text);
}

/** Rules broken, by file. */
function lint(): Map<string, string[]> {
  const ran = spawnSync(biome, ['lint', '--reporter=json', '--max-diagnostics=none', '.'], {
    cwd: copy,
    encoding: 'utf8',
    env: { ...process.env, BIOME_CONFIG_PATH: '' },
  });
  const report = JSON.parse(ran.stdout) as {
    diagnostics: { category: string; location: { path: string | { file: string } } }[];
  };
  const found = new Map<string, string[]>();
  for (const { category, location } of report.diagnostics) {
    const file = typeof location.path === 'string' ? location.path : location.path.file;
    found.set(file, [...(found.get(file) ?? []), category]);
  }
  return found;
}

describe('the arrows between rooms', () => {
  it('are found where they go the wrong way, from any depth', () => {
    const planted: string[] = [];
    const allowed: string[] = [];
    for (const from of names) {
      for (const to of names.filter((name) => name !== from)) {
        const places = { [`${from}/to-${to}.ts`]: '../', [`${from}/inner/deep/to-${to}.ts`]: '../../../' };
        for (const [file, up] of Object.entries(places)) {
          plant(file, `import { ${to} } from '${up}${to}/index.ts';\n\nexport const seen = ${to};\n`);
          (ROOMS[from]?.includes(to) ? allowed : planted).push(file);
        }
      }
    }
    const found = lint();
    const broken = [...found]
      .filter(([, rules]) => rules.includes('lint/style/noRestrictedImports'))
      .map(([file]) => file);
    expect(broken.sort()).toEqual(planted.sort());
    for (const file of allowed) expect(found.get(file)).toBeUndefined();
  });

  it('go through the other room’s index alone', () => {
    plant('core/inside.ts', 'export const inside = 1;\n');
    plant('wire/reaches-in.ts', "import { inside } from '../core/inside.ts';\n\nexport const seen = inside;\n");
    plant('wire/within/own.ts', "import { wire } from '../index.ts';\n\nexport const seen = wire;\n");
    const found = lint();
    expect(found.get('wire/reaches-in.ts')).toEqual(['lint/style/noRestrictedImports']);
    expect(found.get('wire/within/own.ts')).toBeUndefined();
  });

  it('make no circle', () => {
    plant('core/first.ts', "import { second } from './second.ts';\n\nexport const first = () => second;\n");
    plant('core/second.ts', "import { first } from './first.ts';\n\nexport const second = () => first;\n");
    const found = lint();
    expect(found.get('core/first.ts')).toEqual(['lint/suspicious/noImportCycles']);
    expect(found.get('core/second.ts')).toEqual(['lint/suspicious/noImportCycles']);
  });

  it('cover every folder of sources', () => {
    const { include } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as { include: string[] };
    const sources = include.filter((name) => name !== 'test' && name !== 'bench');
    for (const name of sources) expect(names).toContain(name);
  });
});
