import type { FastifyPluginAsync } from 'fastify';
import type { Logger } from '../../core/index.ts';
import type { QueryEngine } from '../../query/index.ts';
import { type FeedPosition, visibleSoon } from '../../registry/index.ts';

/**
 * Routes that write, answered when their writes are visible to the next question of this process: they are on disk before,
 * and the columns follow a few milliseconds later. Registrations wait in the registry itself.
 */
export function answeredWhenVisible(
  engine: QueryEngine,
  logger: Pick<Logger, 'warn'>,
  routes: FastifyPluginAsync,
): FastifyPluginAsync {
  return async (scope) => {
    scope.addHook('preSerialization', async (_request, _reply, payload) => {
      const position = (payload as { readonly position?: FeedPosition | null } | null)?.position;
      if (typeof position === 'string' && engine.ready) {
        await visibleSoon((written) => engine.waitFor(written), position, logger);
      }
      return payload;
    });
    await scope.register(routes);
  };
}
