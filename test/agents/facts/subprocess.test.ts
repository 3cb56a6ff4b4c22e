import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CommandError, runCommand } from '../../../agents/facts/subprocess.ts';
import { temporaryDir } from '../temporary.ts';

const shell = (script: string, ms: number, outputBytesMax?: number) =>
  runCommand({
    file: '/bin/sh',
    args: ['-c', script],
    signal: AbortSignal.timeout(ms),
    ...(outputBytesMax === undefined ? {} : { outputBytesMax }),
  });

/** True while a process lives; one that is dead but not yet reaped does not. */
function lives(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
}

describe('commands', () => {
  test('give output, standard error and exit status', async () => {
    const result = await shell('echo out; echo err >&2; exit 3', 5000);
    expect({ ...result, stdout: result.stdout.toString() }).toEqual({ stdout: 'out\n', stderr: 'err', exitCode: 3 });
  });

  test('are killed at the limit together with their children', async () => {
    const pids = join(temporaryDir(), 'pids');
    const begun = Date.now();
    const error = await shell(`sleep 60 & echo $! > ${pids}; echo said >&2; sleep 60`, 400).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(CommandError);
    expect(error.stderr).toBe('said');
    expect(Date.now() - begun).toBeLessThan(4000);
    const child = Number(readFileSync(pids, 'utf8'));
    await until(() => !lives(child));
  });

  test('that leave a child behind do not wait for it, and take it along', async () => {
    const pids = join(temporaryDir(), 'pids');
    const begun = Date.now();
    const result = await shell(`sleep 60 & echo $! > ${pids}; echo done`, 20_000);
    expect(result.stdout.toString()).toBe('done\n');
    expect(Date.now() - begun).toBeLessThan(5000);
    await until(() => !lives(Number(readFileSync(pids, 'utf8'))));
  });

  test('that write too much are killed', async () => {
    await expect(shell('yes', 10_000, 100_000)).rejects.toThrow('wrote more than 100000 bytes');
  });

  test('that do not exist are named', async () => {
    const command = runCommand({ file: '/no/such/command', signal: AbortSignal.timeout(1000) });
    await expect(command).rejects.toThrow('/no/such/command');
  });

  test('are not started once the time is up', async () => {
    await expect(runCommand({ file: '/bin/true', signal: AbortSignal.abort() })).rejects.toThrow('no time left');
  });
});
