/** Bounds of a {@link backOffMs}. */
export interface BackOff {
  readonly firstMs: number;
  readonly mostMs: number;
}

/**
 * Milliseconds to wait before attempt `attempt` (from 1): doubling from the first to the most, of which a random half
 * is taken off, so that a fleet that lost its broker at one moment does not come back at one moment.
 */
export function backOffMs(attempt: number, bounds: BackOff, random: () => number): number {
  const whole = Math.min(bounds.mostMs, bounds.firstMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(whole * (0.5 + random() / 2));
}

/** A wait that can be cut short. */
export interface Pause {
  /** Resolves after the time, or at {@link wake}. */
  wait(ms: number): Promise<void>;
  wake(): void;
}

/** Makes a {@link Pause}. */
export function createPause(): Pause {
  let wakeNow: (() => void) | undefined;
  return {
    wait: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(done, ms);
        function done(): void {
          clearTimeout(timer);
          wakeNow = undefined;
          resolve();
        }
        wakeNow = done;
      }),
    wake: () => wakeNow?.(),
  };
}
