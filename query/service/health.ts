import type { FastifyInstance } from 'fastify';
import { type Clock, epochSeconds, errorCatalogue, MusterError } from '../../core/index.ts';
import type { QueryEngine } from '../answers.ts';
import { serviceLimits } from './service-limits.ts';
import type { Stopping } from './stopping.ts';

/** Returns or resolves where a part works, throws the reason where it does not. */
export type ReadinessCheck = () => unknown;

/** What GET /readyz answers for one part. */
export interface Readiness {
  readonly ok: boolean;
  /** Why not: an error code and a sentence. */
  readonly code?: string;
  readonly reason?: string;
}

/** GET /healthz: the process answers. GET /readyz: it can do its work, or which part cannot and why. Open to all. */
export function addHealth(
  app: FastifyInstance,
  parts: { readonly engine: QueryEngine; readonly stopping: Stopping; readonly clock: Clock },
  checks: Readonly<Record<string, ReadinessCheck>>,
): void {
  app.get('/healthz', { config: { role: 'anyone' } }, async () => ({
    status: 'ok',
    now: epochSeconds(parts.clock),
  }));
  app.get('/readyz', { config: { role: 'anyone' } }, async (_request, reply) => {
    const named: [string, ReadinessCheck][] = [
      ['engine', () => (parts.engine.ready ? undefined : fail('not_ready'))],
      ['stop', () => (parts.stopping.now ? fail('shutting_down') : undefined)],
      ...Object.entries(checks),
    ];
    const results = await Promise.all(named.map(async ([name, check]) => [name, await outcome(check)] as const));
    const ready = results.every(([, result]) => result.ok);
    return reply.code(ready ? 200 : 503).send({ ready, checks: Object.fromEntries(results) });
  });
}

function fail(code: 'not_ready' | 'shutting_down'): never {
  throw new MusterError(code, errorCatalogue[code].meaning);
}

async function outcome(check: ReadinessCheck): Promise<Readiness> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new MusterError('service_timeout', `No answer within ${serviceLimits.readinessTimeoutMs} ms`)),
      serviceLimits.readinessTimeoutMs,
    );
  });
  try {
    await Promise.race([Promise.resolve().then(check), late]);
    return { ok: true };
  } catch (thrown) {
    // Health is open to all: only errors of ours are shown in words.
    return thrown instanceof MusterError && thrown.code !== 'internal_error'
      ? { ok: false, code: thrown.code, reason: errorCatalogue[thrown.code].meaning }
      : { ok: false, code: 'internal_error', reason: errorCatalogue.internal_error.meaning };
  } finally {
    clearTimeout(timer);
  }
}
