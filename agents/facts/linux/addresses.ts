/*
 * IP addresses as numbers: networks, masks and scopes as Facter writes them (util/resolvers/networking/networking.rb).
 */

/** An address as its number and the bits of its family. */
interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

function parse(text: string): Address {
  if (!text.includes(':')) {
    const value = text.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
    return { bits: 32, value };
  }
  // An IPv4 tail, as in ::ffff:192.0.2.1, is two groups.
  const plain = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
    const group = (high: string, low: string): string => ((Number(high) << 8) | Number(low)).toString(16);
    return `${group(a as string, b as string)}:${group(c as string, d as string)}`;
  });
  const [head = '', tail] = plain.split('::');
  const before = head.split(':').filter(Boolean);
  const after = tail?.split(':').filter(Boolean) ?? [];
  const zeros = tail === undefined ? [] : new Array<string>(8 - before.length - after.length).fill('0');
  const value = [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
  return { bits: 128, value };
}

function format({ bits, value }: Address): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  // The longest run of two or more zero groups, the first of equals, becomes `::` (RFC 5952).
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === '0') run += 1;
    if (run > length) [start, length] = [i, run];
  }
  if (start === -1) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

function maskOf(bits: 32 | 128, prefix: number): bigint {
  return ((1n << BigInt(prefix)) - 1n) << BigInt(bits - prefix);
}

/** An IPv6 address in its one short form. */
export function shortAddress(text: string): string {
  return format(parse(text));
}

/** Netmask and network of an address with its prefix length, in the address's family. */
export function networkOf(address: string, prefix: number): { readonly netmask: string; readonly network: string } {
  const { bits, value } = parse(address);
  const mask = maskOf(bits, prefix);
  return { netmask: format({ bits, value: mask }), network: format({ bits, value: value & mask }) };
}

const LINK_LOCAL = parse('fe80::').value >> 118n;
const SITE_LOCAL = parse('fec0::').value >> 118n;

/** Scope of an IPv6 address: `host`, `link`, `site` or `global`. */
export function scope6(address: string): string {
  const { value } = parse(address);
  if (value === 1n) return 'host';
  if (value >> 118n === LINK_LOCAL) return 'link';
  return value >> 118n === SITE_LOCAL ? 'site' : 'global';
}

/** Addresses that are not chosen as an interface's main one while it has another: loopback, link-local, unique-local. */
export function isSecondChoice(address: string): boolean {
  const { bits, value } = parse(address);
  if (bits === 32) return value >> 24n === 127n || value >> 16n === 0xa9fen;
  return value === 1n || value >> 118n === LINK_LOCAL || value >> 121n === 0xfcn >> 1n;
}
