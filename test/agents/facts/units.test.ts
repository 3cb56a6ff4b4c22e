import { describe, expect, test } from 'vitest';
import { bytesText, capacityText, hertzText, mebibytes, uptimeText } from '../../../agents/facts/units.ts';

describe('sizes, speeds and uptimes are written as Facter writes them', () => {
  test.each([
    [0, '0 bytes'],
    [1023, '1023 bytes'],
    [1024, '1.00 KiB'],
    [4096, '4.00 KiB'],
    [376180736, '358.75 MiB'],
    [25276510208, '23.54 GiB'],
    [274877906944, '256.00 GiB'],
    // Just below a unit it would round to 1024.00 of the smaller one.
    [1024 ** 3 - 1, '1.00 GiB'],
    [1024 ** 6, '1.00 EiB'],
  ])('%d bytes are %s', (bytes, text) => expect(bytesText(bytes)).toBe(text));

  test.each([
    [2_600_000_000, '2.60 GHz'],
    [999_000_000, '999.00 MHz'],
    [50, '50.00 Hz'],
  ])('%d hertz are %s', (hertz, text) => expect(hertzText(hertz)).toBe(text));

  test.each([
    [0, 0, '100%'],
    [0, 10, '0%'],
    [10, 10, '100%'],
    [1286, 10_000, '12.86%'],
  ])('%d used of %d are %s', (used, total, text) => expect(capacityText(used, total)).toBe(text));

  test.each([
    [0, '0:00 hours'],
    [3 * 3600 + 7 * 60, '3:07 hours'],
    [86_400, '1 day'],
    [12 * 86_400 + 1, '12 days'],
  ])('%d seconds up are %s', (seconds, text) => expect(uptimeText(seconds)).toBe(text));

  test('mebibytes are not rounded', () => expect(mebibytes(1536 * 1024)).toBe(1.5));
});
