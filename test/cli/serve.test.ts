import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bin, freePort, Installed, run } from '../acceptance/installed.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-serve-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `muster ARGS` to its end, on a data directory and ports of its own. */
async function muster(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const own = {
    MUSTER_CONFIG: '/dev/null',
    MUSTER_DATA_DIR: join(folder, 'data'),
    MUSTER_HTTP_LISTEN: '127.0.0.1:0',
    MUSTER_BROKER_EMBEDDED: '127.0.0.1:0',
  };
  return run(process.execPath, [bin('muster'), ...args], { env: { ...own, ...env }, timeoutMs: 20_000 });
}

describe('muster serve', () => {
  it('registers this machine, answers, and stops gracefully when told', async () => {
    const installed = await Installed.start({ args: ['serve', '--with-agent'] });
    try {
      const started = Date.now();
      let found = { stdout: '', status: 1 as number | null };
      while (found.status !== 0 && Date.now() - started < 15_000) found = await installed.run('mc-find', ['-v']);
      expect(found.stdout.split('.')[0]?.trim().toLowerCase()).toBe(hostname().split('.')[0]?.toLowerCase());
      await installed.down();
      expect(installed.log).toContain('Muster has stopped');
      expect(installed.log).not.toContain('"level":"error"');
      await installed.up();
      expect((await installed.run('mc-find', [])).stdout).toBe(found.stdout);
    } finally {
      await installed.remove();
    }
  });

  it('listens while its columns are loaded, and answers only after', async () => {
    const installed = await Installed.start();
    try {
      const fleet = join(folder, 'fleet.ndjson');
      const lines = Array.from({ length: 20_000 }, (_, i) => JSON.stringify({ identity: `n${i}`, facts: { i } }));
      writeFileSync(fleet, lines.join('\n'));
      expect((await installed.run('muster', ['import', fleet])).status).toBe(0);
      await installed.down();
      rmSync(join(installed.dataDir, 'columns.snapshot'));
      await installed.up();
      const log = installed.log.slice(installed.log.indexOf('Muster has stopped'));
      expect(log.indexOf('Server listening')).toBeGreaterThan(0);
      expect(log.indexOf('Server listening')).toBeLessThan(log.indexOf('the columns are ready'));
      expect(log.indexOf('the columns are ready')).toBeLessThan(log.indexOf('Muster runs'));
      expect((await installed.run('muster', ['query', "{identity: 'n19999'}"])).stdout).toBe('n19999\n');
    } finally {
      await installed.remove();
    }
  });

  it('names every fault of the configuration and starts nothing', async () => {
    const ended = await muster(['serve'], { MUSTER_HTTP_LISTEN: 'nonsense', MUSTER_LOG_LEVEL: 'loud', MUSTER_X: '1' });
    expect(ended.status).toBe(78);
    expect(ended.stderr).toContain('log.level');
    expect(ended.stderr).toContain('MUSTER_X');
    expect(ended.stderr).not.toContain('    at ');
  });

  it('says that an address is taken, and what to do', async () => {
    const port = await freePort();
    const other = await listening(port);
    for (const name of ['MUSTER_HTTP_LISTEN', 'MUSTER_BROKER_EMBEDDED']) {
      const ended = await muster(['serve'], { [name]: `127.0.0.1:${port}` });
      expect(ended.status).toBe(69);
      expect(ended.stderr).toContain('address_in_use');
      expect(ended.stderr).toContain('choose another address');
    }
    other.close();
  });

  it('says that the data directory cannot be used', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    // Below /proc nothing can be made, and mkdir -p of Node.js does not return there.
    for (const dataDir of [join(file, 'below'), '/proc/none/muster']) {
      const ended = await muster(['serve'], { MUSTER_DATA_DIR: dataDir });
      expect(ended.status).toBe(78);
      expect(ended.stderr).toContain('data_dir_unusable');
      expect(ended.stderr.trim().split('\n')).toHaveLength(2);
    }
  });

  it('refuses a store that another server has open', async () => {
    const installed = await Installed.start();
    try {
      const ended = await muster(['serve'], { MUSTER_DATA_DIR: installed.dataDir });
      expect(ended.status).toBe(69);
      expect(ended.stderr).toContain('store_locked');
    } finally {
      await installed.remove();
    }
  });

  it('runs its parts apart', async () => {
    const registry = await Installed.start({ args: ['serve', 'registry'] });
    try {
      const taken = await registry.run('muster', ['import', '-'], {
        input: '{"identity":"db1.acme.net","facts":{}}\n',
      });
      expect(taken.status).toBe(0);
      expect((await registry.run('mc-find', [])).status).toBe(64);
      await registry.down();
      const query = await Installed.start({ args: ['serve', 'query'], dataDir: registry.dataDir });
      try {
        expect((await query.run('mc-find', [])).stdout).toBe('db1.acme.net\n');
        expect((await query.run('muster', ['import', '-'], { input: '{}' })).status).not.toBe(0);
      } finally {
        await query.down();
      }
    } finally {
      await registry.remove();
    }
  });
});

describe('muster agent', () => {
  it('registers once, and says by its status whether the registry has it', async () => {
    const installed = await Installed.start();
    try {
      const env = { ...installed.env, MUSTER_DATA_DIR: join(folder, 'node'), MUSTER_AGENT_IDENTITY: 'once.acme.net' };
      const registered = await run(process.execPath, [bin('muster'), 'agent', '--once'], { env });
      expect(registered.status).toBe(0);
      expect((await installed.run('mc-find', [])).stdout).toBe('once.acme.net\n');
      // Another key for the same name.
      const stranger = { ...env, MUSTER_DATA_DIR: join(folder, 'stranger') };
      const refused = await run(process.execPath, [bin('muster'), 'agent', '--once', '-t', '2s'], { env: stranger });
      expect(refused.status).toBe(69);
      expect(refused.stderr).toContain('rebind');
      expect((await installed.run('muster', ['node', 'rebind', 'once.acme.net'])).status).toBe(0);
      expect((await run(process.execPath, [bin('muster'), 'agent', '--once'], { env: stranger })).status).toBe(0);
    } finally {
      await installed.remove();
    }
  });
});

describe('muster simulate', () => {
  it('registers many nodes, each receipted', async () => {
    const installed = await Installed.start();
    try {
      const ran = await installed.run('muster', ['simulate', '--nodes', '50', '--rounds', '2', '--json']);
      expect(JSON.parse(ran.stdout)).toMatchObject({ nodes: 50, receipted: 100, refused: 0 });
      expect(ran.status).toBe(0);
      expect((await installed.run('mc-find', [])).stdout.trim().split('\n')).toHaveLength(50);
    } finally {
      await installed.remove();
    }
  });

  it('refuses numbers that are none', async () => {
    for (const wrong of [
      ['--nodes', '0'],
      ['--rounds', 'x'],
      ['--changed', '2'],
      ['--interval', 'soon'],
    ]) {
      expect((await muster(['simulate', ...wrong])).status).toBe(64);
    }
  });
});

function listening(port: number): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
