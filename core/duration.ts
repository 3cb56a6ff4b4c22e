import { CoreError, shownValue } from './errors.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What a duration looks like in configuration and flags: `300s`, `5m`, `1.5h`, `30d`, `250ms`. */
export const DURATION_PATTERN = '^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$';

/**
 * Reads a duration such as `300s` and gives milliseconds.
 * @throws CoreError `argument_invalid` for anything else; `field` names where it stood.
 */
export function durationMs(text: string, field = 'duration'): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)$/.exec(text);
  const unit = match?.[2] === undefined ? undefined : UNIT_MS[match[2]];
  if (match === null || unit === undefined) {
    throw new CoreError('argument_invalid', `${field} is ${shownValue(text)}, a duration such as 300s was expected`, {
      field,
      value: text,
      remedy: 'Write a number and one of ms, s, m, h, d',
    });
  }
  return Math.round(Number(match[1]) * unit);
}

/** An age for people: the two largest units, `3d 4h`, `12s`. */
export function shownDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts: string[] = [];
  let rest = whole;
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    if (rest >= size) parts.push(`${Math.floor(rest / size)}${unit}`);
    rest %= size;
  }
  return parts.length === 0 ? '0s' : parts.slice(0, 2).join(' ');
}
