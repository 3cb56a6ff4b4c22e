import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exitStatuses } from '../../cli/exit-status.ts';
import { CLIENT_DEFAULTS } from '../../cli/settings/client-settings.ts';
import { commands } from '../../cli/table.ts';
import { configSchema, errorCatalogue, loadConfig } from '../../core/index.ts';
import { call } from './canned-service.ts';

describe('the command line', () => {
  it('shows help on standard output, examples first', async () => {
    const { status, stdout, stderr } = await call('mc-find', ['--help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Examples:\n {2}mc-find -W "/);
    expect(stdout).toContain('Usage: mc-find [options]');
    expect(stderr).toBe('');
  });

  it('shows the help of every command under both of its names', async () => {
    for (const command of commands) {
      for (const called of [['muster', command.name], ...command.seedNames.map((name) => [name])] as string[][]) {
        const [name, ...argv] = called as [string, ...string[]];
        const { status, stdout } = await call(name, [...argv, '--help']);
        expect(stdout).toContain('Usage: ');
        expect(status).toBe(0);
      }
    }
  });

  it('lists every command in its own help, and on standard error where none is named', async () => {
    const { stdout } = await call('muster', ['--help']);
    for (const { name } of commands) expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
    const bare = await call('muster', []);
    expect(bare.status).toBe(64);
    expect(bare.stdout).toBe('');
    expect(bare.stderr).toContain('Usage: muster');
  });

  it('leads with examples that can be copied, in the help of muster, of a group and of each command', async () => {
    const helps: [string[], RegExp][] = [
      [['--help'], /^Examples:\n {2}muster find -W "/],
      [['help'], /^Examples:\n {2}muster find -W "/],
      [['find', '--help'], /^Examples:\n {2}muster find -W "/],
      [['help', 'ssh'], /^Examples:\n {2}muster ssh -W "/],
      [['node', '--help'], /^Examples:\n {2}muster node list\n/],
      [['help', 'token'], /^Examples:\n {2}muster token add/],
      [['deadletter', 'help', 'replay'], /^Examples:\n {2}muster deadletter replay ID\n\nUsage/],
    ];
    for (const [argv, lead] of helps) {
      const { status, stdout } = await call('muster', argv);
      expect(status, argv.join(' ')).toBe(0);
      expect(stdout, argv.join(' ')).toMatch(lead);
      expect(stdout.match(/^Examples:/gm), argv.join(' ')).toHaveLength(1);
      expect(stdout).not.toContain('display help for command');
    }
  });

  it('says nothing below the help where a command is missing, and proposes one on a line of its own words', async () => {
    for (const argv of [[], ['node'], ['deadletter']]) {
      const { status, stderr } = await call('muster', argv);
      expect(status).toBe(64);
      expect(stderr).not.toContain('(usage)');
    }
    const { stderr } = await call('muster', ['nodes']);
    expect(stderr).toBe("muster: Unknown command 'nodes' (Did you mean node?) (usage)\n  See --help\n");
  });

  it('says what was expected where a timeout is none', async () => {
    const { stderr } = await call('mc-find', ['-t', '0']);
    expect(stderr).toContain('--timeout is 0, a time above 0 was expected');
  });

  it('ends with 66 where a file of documents to simulate is not there', async () => {
    const { status, stderr } = await call('muster', ['simulate', '--documents', '/nonexistent.ndjson']);
    expect(status).toBe(66);
    expect(stderr).toContain('Cannot read /nonexistent.ndjson');
  });

  it('ends with 64 for what it does not know', async () => {
    for (const argv of [
      ['nosuch'],
      ['find', '--nosuch'],
      ['find', '-W'],
      ['find', '-t', 'soon'],
      ['find', '-t', '0'],
    ]) {
      const { status, stdout, stderr } = await call('muster', argv);
      expect(status).toBe(64);
      expect(stdout).toBe('');
      expect(stderr).not.toContain('    at ');
    }
  });

  it('ends with 69 where no service answers, and says what to do', async () => {
    const { status, stderr } = await call('mc-find', [], { url: 'http://127.0.0.1:9' });
    expect(status).toBe(69);
    expect(stderr).toContain('service_unreachable');
    expect(stderr).toContain('npm start');
  });

  it('colours errors on a terminal alone, and never against NO_COLOR or --no-color', async () => {
    const coloured = (argv: string[], terminal: boolean, env = {}) =>
      call('mc-find', argv, { url: 'http://127.0.0.1:9', terminal, env }).then(({ stderr }) =>
        stderr.includes('\u001b['),
      );
    expect(await coloured([], true)).toBe(true);
    expect(await coloured([], false)).toBe(false);
    expect(await coloured([], true, { NO_COLOR: '1' })).toBe(false);
    expect(await coloured(['--no-color'], true)).toBe(false);
  });

  it('shows the version', async () => {
    expect((await call('muster', ['--version'])).status).toBe(0);
    expect((await call('mc-find', ['-V'])).status).toBe(0);
  });
});

describe('the settings of commands', () => {
  it('are the defaults of the schema where nothing is set', () => {
    const { config } = loadConfig({ file: '/dev/null', env: {} });
    expect(CLIENT_DEFAULTS).toEqual({ url: config.client.url, timeout: config.client.timeout });
    expect(configSchema).toBeDefined();
  });

  it('refuse a variable that is no setting', async () => {
    const { status, stderr } = await call('mc-find', [], { env: { MUSTER_NOSUCH: '1' } });
    expect(status).toBe(78);
    expect(stderr).toContain('The configuration has faults: the environment variable MUSTER_NOSUCH');
  });

  it('refuse a configuration that is not there', async () => {
    const { status, stderr } = await call('mc-find', ['-c', '/nonexistent.yaml']);
    expect(status).toBe(78);
    expect(stderr).toContain('config_unreadable');
  });

  it('refuse a token file that is named and cannot be read', async () => {
    const { status, stderr } = await call('mc-find', [], { env: { MUSTER_CLIENT_TOKEN_FILE: '/nonexistent' } });
    expect(status).toBe(78);
    expect(stderr).toContain('key_unreadable');
  });
});

describe('exit statuses', () => {
  it('of every error stand in the one table', () => {
    const known = new Set(Object.values(exitStatuses).map(({ status }) => status as number));
    for (const [code, { exit }] of Object.entries(errorCatalogue)) expect([...known], code).toContain(exit);
  });

  it('and names of every command stand in the package', () => {
    const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
    const names = ['muster', ...commands.flatMap((command) => command.seedNames)];
    expect(Object.keys(manifest.bin).sort()).toEqual(names.sort());
  });
});
