import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, run } from '../acceptance/installed.ts';

/*
 * What somebody gets who has nothing but Node and npm: the lock file installs, and the package installs globally, on the
 * oldest Node we support and on the newest. The other Node comes from npm too.
 */

const root = join(import.meta.dirname, '..', '..');
const MAJORS = [20, 24] as const;
const INSTALL_MS = 240_000;

let folder: string;
let tarball: string;
const nodes = new Map<number, string>();

/** Runs npm by the Node given, without what this machine's npm was told for itself. */
function npm(node: string, args: readonly string[], cwd: string): string {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_config_nodedir|MUSTER_)/.test(name)),
  );
  const path = `${join(node, '..')}${delimiter}${process.env.PATH}`;
  const ran = spawnSync(node, [npmProgram(), ...args], { cwd, env: { ...env, PATH: path }, encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`npm ${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
  return ran.stdout;
}

function npmProgram(): string {
  const own = process.env.npm_execpath;
  if (own?.endsWith('.js')) return own;
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .map((place) => join(place, 'npm'))
    .find((file) => existsSync(file));
  if (found === undefined) throw new Error('npm is not on the path');
  return realpathSync(found);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-package-'));
  for (const major of MAJORS) {
    const own = Number(process.versions.node.split('.')[0]) === major;
    nodes.set(major, own ? process.execPath : fetchNode(major));
  }
  // The build of this run is what is packed: prepack would make the same one again.
  tarball = join(
    folder,
    npm(process.execPath, ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], root).trim(),
  );
}, INSTALL_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fetchNode(major: number): string {
  const at = join(folder, `node${major}`);
  mkdirSync(at);
  const name = `node-${process.platform}-${process.arch}`;
  npm(process.execPath, ['install', '--prefix', at, '--silent', '--no-save', `${name}@${major}`], at);
  return join(at, 'node_modules', name, 'bin', 'node');
}

describe.each(MAJORS)('on Node %i', (major) => {
  const node = () => nodes.get(major) as string;

  it(
    'npm ci installs into an empty folder, where no install script may run',
    () => {
      const at = join(folder, `ci-${major}`);
      mkdirSync(at);
      for (const name of ['package.json', 'package-lock.json', '.npmrc']) cpSync(join(root, name), join(at, name));
      npm(node(), ['ci', '--ignore-scripts', '--prefer-offline', '--silent'], at);
      const esbuild = join(at, 'node_modules', '.bin', 'esbuild');
      expect(spawnSync(esbuild, ['--version']).status).toBe(0);
      rmSync(at, { recursive: true });
    },
    INSTALL_MS,
  );

  it(
    'a global install into an empty prefix gives commands that serve, register and ask',
    async () => {
      const prefix = join(folder, `prefix-${major}`);
      npm(node(), ['install', '--global', '--ignore-scripts', '--silent', '--prefix', prefix, tarball], folder);
      const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { bin: Record<string, string> };
      expect(readdirSync(join(prefix, 'bin')).sort()).toEqual(Object.keys(manifest.bin).sort());

      const [http, stomp] = [await freePort(), await freePort()];
      const env = {
        PATH: `${join(node(), '..')}${delimiter}${process.env.PATH}`,
        MUSTER_CONFIG: '/dev/null',
        MUSTER_DATA_DIR: join(folder, `data-${major}`),
        MUSTER_HTTP_LISTEN: `127.0.0.1:${http}`,
        MUSTER_BROKER_EMBEDDED: `127.0.0.1:${stomp}`,
        MUSTER_CLIENT_URL: `http://127.0.0.1:${http}`,
        MUSTER_AGENT_IDENTITY: 'installed.acme.test',
      };
      const command = (name: string, args: readonly string[]) => run(join(prefix, 'bin', name), args, { env });
      expect((await command('muster', ['--version'])).stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
      const server = spawn(join(prefix, 'bin', 'muster'), ['serve', '--with-agent'], { env, stdio: 'ignore' });
      const ended = new Promise((resolve) => server.once('exit', resolve));
      const until = Date.now() + 30_000;
      let found = await command('mc-find', []);
      while (found.status !== 0 && Date.now() < until) found = await command('mc-find', []);
      expect(found.stdout).toBe('installed.acme.test\n');
      for (const [name, args] of [
        ['mc-find-hosts', []],
        ['mc-facts', ['kernel']],
        ['mc-inventory', ['installed.acme.test']],
        ['mc-ssh', ['--dry-run']],
      ] as const) {
        const ran = await command(name, args);
        expect(ran.stderr).toBe('');
        expect(ran.status).toBe(0);
      }
      server.kill('SIGTERM');
      expect(await ended).toBe(0);
    },
    INSTALL_MS,
  );
});
