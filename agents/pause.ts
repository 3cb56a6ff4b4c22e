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
