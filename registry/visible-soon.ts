import type { Logger } from '../core/index.ts';
import type { FeedPosition } from './node-store.ts';

/** How long an answer waits until queries see what it says; then it goes out all the same. */
const VISIBLE_WAIT_MS = 1000;

/**
 * Resolves when queries see every write up to a position, or after a second: a read side that lags or fails holds no
 * sender up for long, since what is durable is durable.
 */
export async function visibleSoon(
  visible: (position: FeedPosition) => Promise<void>,
  position: FeedPosition,
  logger: Pick<Logger, 'warn'>,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, VISIBLE_WAIT_MS);
  });
  try {
    await Promise.race([visible(position), enough]);
  } catch (thrown) {
    logger.warn({ err: thrown }, 'the read side did not follow');
  } finally {
    clearTimeout(timer);
  }
}
