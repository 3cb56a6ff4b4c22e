import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyPluginAsync } from 'fastify';
import type { QueryEngine } from '../../query/index.ts';
import type { FeedPosition } from '../../registry/index.ts';

/** How long an answer waits for its writes to be seen by questions; then it goes out all the same. */
const VISIBLE_WITHIN_MS = 2000;

/**
 * Routes that write, answered when their writes are visible to the next question of this process: they are on disk before,
 * and the columns follow a few milliseconds later. Registrations wait in the registry itself.
 */
export function answeredWhenVisible(engine: QueryEngine, routes: FastifyPluginAsync): FastifyPluginAsync {
  return async (scope) => {
    scope.addHook('preSerialization', async (_request, _reply, payload) => {
      const position = (payload as { readonly position?: FeedPosition | null } | null)?.position;
      if (typeof position === 'string' && engine.ready) await soonVisible(engine, position);
      return payload;
    });
    await scope.register(routes);
  };
}

async function soonVisible(engine: QueryEngine, position: FeedPosition): Promise<void> {
  const enough = new AbortController();
  try {
    await Promise.race([
      engine.waitFor(position).catch(() => {}),
      delay(VISIBLE_WITHIN_MS, undefined, { signal: enough.signal }).catch(() => {}),
    ]);
  } finally {
    enough.abort();
  }
}
