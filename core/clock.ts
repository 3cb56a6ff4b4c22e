/** Where time comes from; tests bring their own. */
export interface Clock {
  /** Unix milliseconds. */
  nowMs(): number;
}

/** Seconds since 1970, whole. */
export type EpochSeconds = number & { readonly __brand: 'EpochSeconds' };

/** The machine's clock. */
export const systemClock: Clock = { nowMs: () => Date.now() };

/** The clock's time in whole Unix seconds. */
export function epochSeconds(clock: Clock): EpochSeconds {
  return Math.floor(clock.nowMs() / 1000) as EpochSeconds;
}
