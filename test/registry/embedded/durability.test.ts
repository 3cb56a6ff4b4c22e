import { spawnSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildProgram, run } from './child-program.ts';
import { temporaryFolder } from './open-for-test.ts';

const REGISTRATIONS = 20;

describe('an acknowledgement', () => {
  it('comes after the disk has the data: fdatasync, then the meta page through O_DSYNC, then the line', async () => {
    const strace = spawnSync('strace', ['-V']);
    expect(strace.error, 'this test needs the Debian package strace').toBeUndefined();
    const program = await buildProgram('register-one-by-one');
    const path = await temporaryFolder();
    const trace = join(path, 'trace');
    const calls = 'trace=openat,fdatasync,pwrite64,write';
    const args = ['-f', '-s', '40', '-e', calls, '-o', trace, process.execPath, program, join(path, 'store')];
    const running = run('strace', [...args, String(REGISTRATIONS)]);
    expect(await running.ended).toMatchObject({ code: 0 });
    const events = eventsOf(await readFile(trace, 'utf8'));
    // One letter an event: what must stand before each line is a sync and then a meta page, since the line before it.
    const between = events
      .slice(events.indexOf('open') + 1)
      .join(' ')
      .split(/acknowledged/);
    expect(between.length - 1).toBe(REGISTRATIONS);
    for (const before of between.slice(0, -1)) expect(before).toMatch(/fdatasync .*meta/);
    await rm(path, { recursive: true });
  }, 60_000);
});

/** The calls that count, in the order in which they returned: strace splits calls that others interrupt. */
function eventsOf(trace: string): string[] {
  const events: string[] = [];
  const unfinished = new Map<string, string>();
  let syncedDescriptor: string | undefined;
  for (const line of trace.split('\n')) {
    const match = /^(\d+) +(?:<\.\.\. (\w+) resumed>)?(.*)$/.exec(line);
    if (match === null) continue;
    const [, thread = '', resumed, rest = ''] = match;
    if (rest.includes('<unfinished ...>')) {
      unfinished.set(thread, rest);
      continue;
    }
    const call = resumed === undefined ? rest : `${unfinished.get(thread) ?? ''}${rest}`;
    const opened = /openat\(.*nodes\.mdb".*O_DSYNC.* = (\d+)/.exec(call);
    if (opened !== null) syncedDescriptor = opened[1];
    if (/^fdatasync\(\d+.*= 0/.test(call)) events.push('fdatasync');
    else if (syncedDescriptor !== undefined && call.startsWith(`pwrite64(${syncedDescriptor},`)) events.push('meta');
    else if (call.startsWith('write(1, "open')) events.push('open');
    else if (call.startsWith('write(1, "acknowledged')) events.push('acknowledged');
  }
  return events;
}
