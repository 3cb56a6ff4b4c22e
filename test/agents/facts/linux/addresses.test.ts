import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSecondChoice, networkOf, scope6, shortAddress } from '../../../../agents/facts/linux/addresses.ts';

describe('addresses', () => {
  test.each([
    ['192.0.2.77', 24, '255.255.255.0', '192.0.2.0'],
    ['10.1.2.3', 8, '255.0.0.0', '10.0.0.0'],
    ['10.1.2.3', 32, '255.255.255.255', '10.1.2.3'],
    ['10.1.2.3', 0, '0.0.0.0', '0.0.0.0'],
    ['2001:db8::1', 64, 'ffff:ffff:ffff:ffff::', '2001:db8::'],
    ['::1', 128, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '::1'],
    ['fe80::fc:ff:fe00:1', 64, 'ffff:ffff:ffff:ffff::', 'fe80::'],
    ['2001:db8:0:1::5', 10, 'ffc0::', '2000::'],
  ])('%s/%d has netmask %s and network %s', (address, prefix, netmask, network) => {
    expect(networkOf(address, prefix)).toEqual({ netmask, network });
  });

  test.each([
    ['0:0:0:0:0:0:0:0', '::'],
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['FE80::A', 'fe80::a'],
  ])('%s is written %s', (long, short) => expect(shortAddress(long)).toBe(short));

  test('any address written short is the same address to the runtime', () => {
    const group = fc.oneof(
      fc.constant('0'),
      fc.nat(0xffff).map((n) => n.toString(16)),
    );
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const short = shortAddress(groups.join(':'));
        expect(`[${short}]`).toBe(new URL(`http://[${groups.join(':')}]/`).hostname);
        expect(shortAddress(short)).toBe(short);
      }),
    );
  });

  test.each([
    ['::1', 'host'],
    ['fe80::1', 'link'],
    ['febf::1', 'link'],
    ['fec0::1', 'site'],
    ['fd00::2', 'global'],
    ['2001:db8::1', 'global'],
  ])('%s has scope %s', (address, scope) => expect(scope6(address)).toBe(scope));

  test.each([
    ['127.0.0.1', true],
    ['169.254.3.4', true],
    ['169.253.3.4', false],
    ['10.0.0.1', false],
    ['::1', true],
    ['fe80::1', true],
    ['fc00::1', true],
    ['fd00::1', true],
    ['2001:db8::1', false],
  ])('%s is a second choice: %s', (address, is) => expect(isSecondChoice(address)).toBe(is));
});
