/*
 * How Facter writes sizes, speeds and uptimes (Facter 4, util/facts/unit_converter.rb and uptime_helper.rb).
 */

const SIZE_UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** A size in bytes as text: `0 bytes`, `358.75 MiB`, `23.54 GiB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  let exponent = Math.min(Math.floor(Math.log2(bytes) / 10), SIZE_UNITS.length);
  let amount = Math.round((100 * bytes) / 1024 ** exponent) / 100;
  if (amount === 1024 && exponent < SIZE_UNITS.length) {
    exponent += 1;
    amount = 1;
  }
  return `${amount.toFixed(2)} ${SIZE_UNITS[exponent - 1]}`;
}

/** A size in bytes as mebibytes, unrounded, as the legacy `memorysize_mb` gives it. */
export function mebibytes(bytes: number): number {
  return bytes / (1024 * 1024);
}

/** A clock rate as text: `2.60 GHz`. */
export function hertzText(hertz: number): string {
  const prefixes = ['', 'k', 'M', 'G', 'T'] as const;
  const group = Math.min(Math.max(Math.floor(Math.log10(Math.max(hertz, 1)) / 3), 0), prefixes.length - 1);
  return `${(hertz / 1000 ** group).toFixed(2)} ${prefixes[group]}Hz`;
}

/** Share used, `12.86%`; `0%` for nothing and `100%` for all, as Facter's mountpoints write it. */
export function capacityText(used: number, total: number): string {
  if (used === total) return '100%';
  return used > 0 ? `${((used / total) * 100).toFixed(2)}%` : '0%';
}

/** Uptime as text: `3:07 hours`, `1 day`, `12 days`. */
export function uptimeText(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const days = Math.floor(hours / 24);
  if (days === 0) return `${hours}:${String(Math.floor(seconds / 60) % 60).padStart(2, '0')} hours`;
  return days === 1 ? '1 day' : `${days} days`;
}
