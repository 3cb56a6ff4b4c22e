import { describe, expect, it } from 'vitest';
import { PART_NAMES, parseArguments, WrongArguments } from '../../bench/arguments.ts';

describe('the arguments of the bench', () => {
  it('measure every part at both sizes where nothing is said', () => {
    expect(parseArguments([])).toEqual({ sizes: [10_000, 100_000], only: PART_NAMES, write: false, help: false });
  });

  it('take sizes and parts as lists', () => {
    const { sizes, only } = parseArguments(['--nodes', '2000,10000', '--only', 'lookup,wide']);
    expect(sizes).toEqual([2000, 10_000]);
    expect(only).toEqual(['lookup', 'wide']);
  });

  it.each([
    [['--nodes', 'many'], "not 'many'"],
    [['--nodes', '0'], "not '0'"],
    [['--nodes', '1e4'], "not '1e4'"],
    [['--nodes', '2000,'], "not ''"],
    [['--only', 'lookups'], "not 'lookups'"],
    [['--nodes'], 'nodes'],
    [['--fast'], '--fast'],
    [['lookup'], 'lookup'],
  ])('are refused as %j, with the argument named', (args, words) => {
    expect(() => parseArguments(args)).toThrow(WrongArguments);
    expect(() => parseArguments(args)).toThrow(words);
  });
});
