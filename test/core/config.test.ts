import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { dataDirOf, isLoopback, loadConfig, parseListen, settingsOf } from '../../core/index.ts';

const folders: string[] = [];
function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'muster-config-'));
  folders.push(folder);
  const file = join(folder, 'muster.yaml');
  writeFileSync(file, text);
  return file;
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe('the configuration', () => {
  it('has a default for every key, so that one machine needs none', () => {
    const { config, file } = loadConfig({ env: {} });
    expect(file).toBeUndefined();
    expect(config.http.listen).toBe('127.0.0.1:8420');
    expect(config.broker.embedded).toBe('127.0.0.1:6163');
    expect(config.registration.expireAfter).toBe('30d');
    expect(config.security.accept).toEqual(['ed25519']);
    expect(config.agent.facter).toBe('facter');
  });

  it('is taken from flags, then environment, then file', () => {
    const file = fileWith(
      'http: { listen: "127.0.0.1:1" }\nregistration: { interval: 1m, splay: 1s }\nlog: { level: debug }',
    );
    const { config } = loadConfig({
      file,
      env: { MUSTER_REGISTRATION_INTERVAL: '2m', MUSTER_LOG_LEVEL: 'warn' },
      flags: { 'log.level': 'error', 'http.listen': undefined },
    });
    expect(config.http.listen).toBe('127.0.0.1:1');
    expect(config.registration.interval).toBe('2m');
    expect(config.registration.splay).toBe('1s');
    expect(config.log.level).toBe('error');
  });

  it('lists every fault at once, each with field, value and what was expected', () => {
    const file = fileWith('htpp: {}\nregistration: { interval: soon }\nbroker: { hosts: [{ port: 70000 }] }');
    const attempt = () => loadConfig({ file, env: { MUSTER_NOSUCH: '1', MUSTER_LOG_LEVEL: 'loud' } });
    expect(attempt).toThrowError(expect.objectContaining({ code: 'config_invalid' }));
    for (const part of [
      /htpp is not a known key/,
      /interval .* got soon/,
      /port .* got 70000/,
      /hosts\.0\.host is missing/,
      /MUSTER_NOSUCH/,
      /log\.level must be one of trace, debug, info, warn, error, got loud/,
    ]) {
      expect(attempt).toThrowError(part);
    }
  });

  it('says which file cannot be read or is not YAML', () => {
    expect(() => loadConfig({ file: '/nonexistent/muster.yaml', env: {} })).toThrowError(
      expect.objectContaining({ code: 'config_unreadable' }),
    );
    expect(() => loadConfig({ file: fileWith('a: [') })).toThrowError(
      expect.objectContaining({
        code: 'config_invalid',
        message: expect.stringMatching(/is not YAML: .* at line \d.*$/),
      }),
    );
    expect(() => loadConfig({ file: fileWith('a:\n  - b\n c: [1\n') })).toThrowError(/^[^\n]*$/);
    expect(() => loadConfig({ file: fileWith('- a'), env: {} })).toThrowError(/must hold a map/);
  });

  it('takes lists, numbers and false from the environment', () => {
    const env = { MUSTER_COLLECTIVES: 'a, b', MUSTER_REGISTRATION_DEAD_LETTERS_MAX: '5', MUSTER_AGENT_FACTER: 'false' };
    const { config } = loadConfig({ env });
    expect(config.collectives).toEqual(['a', 'b']);
    expect(config.registration.deadLettersMax).toBe(5);
    expect(config.agent.facter).toBe(false);
  });

  it('is frozen at every depth', () => {
    const { config } = loadConfig({ env: {} });
    expect(Object.isFrozen(config.http)).toBe(true);
    expect(Object.isFrozen(config.collectives)).toBe(true);
  });

  it('gives each setting a description, and an environment name of its own', () => {
    const settings = settingsOf();
    for (const setting of settings) expect(setting.description, setting.key).not.toBe('');
    const names = settings.map((setting) => setting.env).filter((name) => name !== '');
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('MUSTER_REGISTRATION_EXPIRE_AFTER');
  });
});

describe('addresses and directories', () => {
  it.each([
    ['127.0.0.1:8420', '127.0.0.1', 8420],
    ['[::1]:0', '::1', 0],
    ['db1.acme.net:80', 'db1.acme.net', 80],
  ])('%s is an address to listen on', (text, host, port) => {
    expect(parseListen(text, 'http.listen')).toEqual({ host, port });
  });

  it.each(['8420', '127.0.0.1', '127.0.0.1:99999', '::1:80', ''])('%j is none', (text) => {
    expect(() => parseListen(text, 'http.listen')).toThrowError(
      expect.objectContaining({ code: 'config_invalid', field: 'http.listen' }),
    );
  });

  it('loopback is what only this machine reaches', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', 'localhost', '::ffff:127.0.0.1'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '10.0.0.1', '::', '127.0.0.1.evil.net', '128.0.0.1'].some(isLoopback)).toBe(false);
    for (const host of ['127.0.0.1', 'localhost', '::1', '[::1]', '127.1.2.3']) expect(isLoopback(host)).toBe(true);
    // The last is a name that only looks like an address.
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'localhost.acme.net', '', '128.0.0.1', '127.999.0.1']) {
      expect(isLoopback(host)).toBe(false);
    }
  });

  it('data lies where the system keeps it for root, below home for a user', () => {
    expect(dataDirOf({}, {}, 0)).toBe('/var/lib/muster');
    expect(dataDirOf({}, { HOME: '/home/rip' }, 1000)).toBe('/home/rip/.local/share/muster');
    expect(dataDirOf({ dataDir: '/d' }, {}, 0)).toBe('/d');
  });
});
