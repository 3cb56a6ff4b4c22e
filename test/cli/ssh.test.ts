import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bin } from '../acceptance/installed.ts';
import { accountOf, CannedService, call } from './canned-service.ts';

let service: CannedService;
let folder: string;

/** The hosts that match are those named in the filter. */
beforeAll(async () => {
  service = await CannedService.start(({ body }) => {
    const { filter = '' } = JSON.parse(body) as { filter?: string };
    const hosts = filter.split(' ').filter((word) => word !== 'none' && word !== '');
    const nodes = hosts.map((identity) => ({ identity }));
    return { body: { nodes, next: null, totalCount: hosts.length, account: accountOf({ matched: hosts.length }) } };
  });
  folder = mkdtempSync(join(tmpdir(), 'muster-ssh-'));
  const program = `#!/bin/sh\nfor word in "$@"; do printf '<%s>' "$word"; done; echo\n[ -t 0 ] && echo on a terminal\n`;
  writeFileSync(join(folder, 'ssh'), `${program}case "$*" in *die*) kill -TERM $$;; esac\nexit 5\n`);
  chmodSync(join(folder, 'ssh'), 0o755);
});

afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

const dry = (...argv: string[]) => call('mc-ssh', ['--dry-run', ...argv], { url: service.url });

describe('mc-ssh without a terminal', () => {
  it('prints what it would run, and nothing else', async () => {
    expect(await dry('-W', 'db1.acme.net')).toEqual({ status: 0, stdout: 'Running: ssh db1.acme.net\n', stderr: '' });
  });

  it('puts what follows -- after the host, and quotes it as a shell would need it', async () => {
    const { stdout } = await dry('-W', 'db1', '--', '-v', 'echo', "it's", '$(id)', '--', '');
    expect(stdout).toBe(`Running: ssh db1 -v echo 'it'\\''s' '$(id)' -- ''\n`);
  });

  it('lists several matches on standard error and ends with 2', async () => {
    const { status, stdout, stderr } = await dry('-W', 'db1 db2');
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^db1\ndb2\n/);
    expect(stderr).toContain('several_nodes');
  });

  it('ends with 1 where nobody matches', async () => {
    const { status, stdout, stderr } = await dry('-W', 'none');
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).not.toBe('');
  });

  it('never gives ssh a host that it would read as an option', async () => {
    for (const host of ['-v', '-oProxyCommand=id', '--']) {
      const { status, stdout, stderr } = await dry(`--with=${host}`);
      expect(stderr).toContain('identity_invalid');
      expect(stdout).toBe('');
      expect(status).toBe(65);
    }
  });

  it('lists the matches as JSON and logs in nowhere', async () => {
    const { status, stdout } = await call('mc-ssh', ['--json', '-W', 'db1 db2'], { url: service.url });
    expect(JSON.parse(stdout).nodes).toEqual([{ identity: 'db1' }, { identity: 'db2' }]);
    expect(status).toBe(0);
  });
});

/** A run that takes longer hangs. */
const RUN_MS_MAX = 10_000;

interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly output: string;
}

/** Runs the built mc-ssh; under script(1) where a terminal is wanted, whose keys are typed when `prompt` is seen. */
function run(
  argv: readonly string[],
  terminal: { prompt: string; keys: string } | undefined,
  path = `${folder}:${process.env.PATH}`,
): Promise<Ended> {
  const env = { ...process.env, PATH: path, MUSTER_CLIENT_URL: service.url, TERM: 'xterm' };
  const words = [process.execPath, bin('mc-ssh'), ...argv];
  const command = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const [program, args] =
    terminal === undefined ? [words[0] as string, words.slice(1)] : ['script', ['-qec', command, '/dev/null']];
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env });
    let output = '';
    const hear = (chunk: Buffer): void => {
      const before = output;
      output += chunk.toString();
      if (terminal !== undefined && !before.includes(terminal.prompt) && output.includes(terminal.prompt)) {
        child.stdin.write(terminal.keys);
      }
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    const timer = setTimeout(() => child.kill('SIGKILL'), RUN_MS_MAX);
    child.on('error', reject);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      resolve({ status, signal, output });
    });
    if (terminal === undefined) child.stdin.end();
  });
}

describe('mc-ssh as a process', () => {
  it('becomes ssh: its arguments as they are, its exit status', async () => {
    const { status, output } = await run(['-W', 'db1', '--', '-v', 'a b', '*'], undefined);
    expect(output).toContain('<db1><-v><a b><*>\n');
    expect(status).toBe(5);
  });

  it('ends by the signal that ended ssh', async () => {
    const { status, signal } = await run(['-W', 'db1', '--', 'die'], undefined);
    expect({ status, signal }).toEqual({ status: null, signal: 'SIGTERM' });
  });

  it('lets choose from a numbered list on a terminal, and goes to the chosen one', async () => {
    const { status, output } = await run(['-W', 'db1 2web db3'], { prompt: '(1-4): ', keys: '2\r' });
    expect(output).toMatch(/1 {2}db1\r\n {2}2 {2}2web\r\n {2}3 {2}db3\r\n {2}4 {2}Exit/);
    expect(output).toContain('Running: ssh 2web\r\n<2web>\r\non a terminal');
    expect(status).toBe(5);
  });

  it('asks again for what is no number of the list', async () => {
    const { output } = await run(['-W', 'db1 db2'], { prompt: '(1-3): ', keys: '7\rdb\r1\r' });
    expect(output).toContain('Please give a number from 1 to 3');
    expect(output).toContain('<db1>');
  });

  it('goes nowhere for Exit and for Ctrl-C', async () => {
    for (const keys of ['3\r', '\u0003']) {
      const { status, output } = await run(['-W', 'db1 db2'], { prompt: '(1-3): ', keys });
      expect(output).not.toContain('Running');
      expect(status).toBe(1);
    }
  });

  it('says so where there is no ssh', async () => {
    const { status, output } = await run(['-W', 'db1'], undefined, '/nonexistent');
    expect(output).toContain('program_missing');
    expect(status).toBe(69);
  });
});
