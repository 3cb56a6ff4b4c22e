import { constants } from 'node:os';
import type { Logger } from '../../core/index.ts';
import { exitStatuses, exitStatusOfSignal } from '../exit-status.ts';

const STOPPING: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];
/** One Ctrl-C may come twice, from the terminal and from npm; people are slower. */
const SAME_SIGNAL_MS = 500;

/** How a server was told to end. */
export interface Ended {
  readonly status: number;
}

/**
 * Resolves when the process is told to stop, or when something went wrong that nobody caught. A second signal ends the
 * process at once. Call `release` when the stop is done.
 */
export function untilTold(logger: Logger): { readonly told: Promise<Ended>; readonly release: () => void } {
  let tell: (ended: Ended) => void = () => {};
  const told = new Promise<Ended>((resolve) => {
    tell = resolve;
  });
  let firstAtMs: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (firstAtMs !== undefined) {
      if (now - firstAtMs < SAME_SIGNAL_MS) return;
      logger.warn({ signal }, 'Ended at once, by a second signal');
      process.exit(exitStatusOfSignal(constants.signals[signal]));
    }
    firstAtMs = now;
    logger.info({ signal }, 'Stopping');
    tell({ status: exitStatuses.ok.status });
  };
  const onFault = (err: unknown): void => {
    logger.fatal({ err }, 'Something happened that should not; stopping');
    process.exitCode = exitStatuses.internal.status;
    tell({ status: exitStatuses.internal.status });
  };
  for (const signal of STOPPING) process.on(signal, onSignal);
  process.on('uncaughtException', onFault);
  process.on('unhandledRejection', onFault);
  const release = (): void => {
    for (const signal of STOPPING) process.off(signal, onSignal);
    process.off('uncaughtException', onFault);
    process.off('unhandledRejection', onFault);
  };
  return { told, release };
}
