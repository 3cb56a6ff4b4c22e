/*
 * Programs beside Node that the tests use, and the Debian packages they come in.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './script.mjs';

const PROGRAMS = {
  git: 'git',
  curl: 'curl',
  facter: 'facter',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  sshd: 'openssh-server',
  strace: 'strace',
  tmux: 'tmux',
  openssl: 'openssl',
  script: 'bsdutils',
  mount: 'mount',
  hostname: 'hostname',
};

/** Programs of the tests that are not on this machine, with their packages. */
export function missingPrograms(path = process.env.PATH ?? '') {
  const folders = [...path.split(':'), '/usr/sbin', '/sbin'].filter((folder) => folder !== '');
  return Object.entries(PROGRAMS).filter(([program]) => !folders.some((folder) => isProgram(join(folder, program))));
}

function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Installs what is missing as root on Debian; elsewhere says what is missing and how to get it. */
export function ensurePrograms(say) {
  const missing = missingPrograms();
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(([, name]) => name))];
  const names = missing.map(([program]) => program).join(', ');
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new SetupError(
      `the tests need ${names}`,
      `Install the packages ${packages.join(' ')} (on Debian: sudo apt-get install ${packages.join(' ')})`,
    );
  }
  say(`installing ${packages.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '-q', '--no-install-recommends', ...packages];
  const apt = (args) => spawnSync('apt-get', args, { env, stdio: ['ignore', 2, 2] }).status === 0;
  // Lists may be absent (a fresh container) or old: they are fetched before anything is installed.
  if (!(apt(['update', '-q']) && apt(install))) {
    throw new SetupError(`apt-get could not install ${packages.join(' ')}`, 'See its message above');
  }
}
