import { describe, expect, test } from 'vitest';
import { facterSource } from '../../../agents/facts/facter.ts';
import { CommandError } from '../../../agents/facts/subprocess.ts';
import { stockFacter } from '../stock-facter.ts';
import { temporaryDir, writeIn } from '../temporary.ts';

const script = (body: string): string => writeIn(temporaryDir(), 'facter', `#!/bin/sh\n${body}\n`, 0o755);
const read = (command: string, ms = 10_000) => facterSource({ command }).read({ signal: AbortSignal.timeout(ms) });

describe('facter', () => {
  test('the real one gives its structured facts', async () => {
    const { facts } = await read('facter');
    expect(facts.facterversion).toBe(stockFacter().facterversion);
    expect(facts.os).toEqual(stockFacter().os);
    expect(facts.operatingsystem).toBeUndefined();
  });

  test('that exits 1 with complete JSON is taken, and what it said is a warning', async () => {
    const reading = await read(script(`echo '{"kernel":"Linux"}'; echo 'ERROR no permission' >&2; exit 1`));
    expect({ ...reading.facts }).toEqual({ kernel: 'Linux' });
    expect(reading.warnings).toEqual([expect.stringContaining('ERROR no permission')]);
  });

  test.each([
    ['prints no JSON', 'echo "kernel => Linux"'],
    ['prints half of its JSON', `printf '{"kernel":"Li'; exit 1`],
    ['prints nothing', 'exit 0'],
    ['prints a list', `echo '[]'`],
    ['prints no facts', `echo '{}'`],
  ])('that %s fails, with its standard error', async (_, body) => {
    const error = await read(script(`echo why >&2\n${body}`)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CommandError);
    expect(error).toMatchObject({ code: 'fact_source_failed', stderr: 'why' });
  });

  test('that hangs is killed at the limit', async () => {
    await expect(read(script('sleep 60'), 300)).rejects.toThrow('killed at its time limit');
  });

  test('gets the arguments of the setting, and no shell reads them', async () => {
    const file = script(`echo "{\\"args\\":\\"$*\\"}"`);
    expect((await read(`${file} --puppet $(id)`)).facts.args).toBe('--puppet $(id) --json');
  });

  test('that is not installed gives no facts and is no failure; a path that is not there is one', async () => {
    expect(await read('no-such-facter-anywhere')).toEqual({ facts: {} });
    await expect(read('/no/such/facter')).rejects.toThrow('/no/such/facter');
  });
});
