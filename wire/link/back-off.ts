/** How waits between attempts grow. */
export interface BackOffRule {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** A quarter of a second, doubling to half a minute. */
export const linkBackOff: BackOffRule = Object.freeze({ firstMs: 250, mostMs: 30_000 });

/**
 * How long to wait before attempt `round` (from 0): doubles each round up to the most, and a random half of it, so that
 * a fleet whose broker comes back does not come back as one.
 */
export function backOffMs(round: number, rule: BackOffRule = linkBackOff, random: () => number = Math.random): number {
  const whole = Math.min(rule.mostMs, rule.firstMs * 2 ** Math.min(round, 30));
  return Math.round(whole / 2 + (random() * whole) / 2);
}
