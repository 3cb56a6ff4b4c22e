import type { FastifyRequest } from 'fastify';
import { type Caller, isLoopback, type Role, roleAllows, type TokenVerifier } from '../../core/index.ts';
import { ServiceError } from './service-error.ts';
import { serviceLimits } from './service-limits.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; set before any handler runs. */
    caller: Caller;
  }
  interface FastifyContextConfig {
    /** Who may call the route. Where it is not said: `read` for GET and HEAD, any token for the rest. */
    role?: Role | 'anyone';
  }
}

/** Reads from this machine without a token are made by this caller. It may not write. */
export const LOOPBACK_CALLER: Caller = Object.freeze({ role: 'read', callerid: 'anonymous=loopback' });

/** Whoever calls a route that is open to all: health. */
const ANYONE: Caller = Object.freeze({ role: 'read', callerid: 'anonymous=anyone' });

/** Finds out who asks: at once where no token came, else when the verifier has spoken. Throws ServiceError. */
export function callerOf(request: FastifyRequest, tokens: TokenVerifier): Caller | Promise<Caller> {
  const { authorization } = request.headers;
  if (request.routeOptions.config.role === 'anyone') return ANYONE;
  if (authorization === undefined) return callerWithoutToken(request);
  const token = /^Bearer +([^\s]+) *$/i.exec(authorization)?.[1];
  if (token === undefined || token.length > serviceLimits.tokenCharactersMax) {
    throw new ServiceError('token_invalid', 'The Authorization header is not Bearer and a token', {
      field: 'authorization',
    });
  }
  return verified(token, tokens);
}

async function verified(token: string, tokens: TokenVerifier): Promise<Caller> {
  const caller = await tokens.verify(token);
  if (caller === undefined)
    throw new ServiceError('token_invalid', 'The token is not known', { field: 'authorization' });
  return caller;
}

/** What proxies say of themselves and of whom they speak for. */
const FORWARDED = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'via',
] as const;

function callerWithoutToken(request: FastifyRequest): Caller {
  const { headers } = request;
  // A proxy on this machine makes everybody look local; what it says it forwarded is not local.
  const forwarded = FORWARDED.some((name) => headers[name] !== undefined);
  if (!forwarded && isLoopback(request.raw.socket.remoteAddress ?? '')) return LOOPBACK_CALLER;
  throw new ServiceError('token_missing', 'The request carries no token and does not come from this machine', {
    field: 'authorization',
  });
}

/**
 * Lets a caller through whose role allows what the route needs. Writing without a token is `token_missing`, with a
 * token of another role `token_forbidden`.
 */
export function requireRole(caller: Caller, needs: Role): void {
  if (needs !== 'read' && isAnonymous(caller)) {
    throw new ServiceError('token_missing', `Role ${needs} is needed and no token came`, { field: 'authorization' });
  }
  if (!roleAllows(caller.role, needs)) {
    throw new ServiceError('token_forbidden', `Role ${needs} is needed, ${caller.callerid} has ${caller.role}`, {
      field: 'authorization',
      value: caller.role,
    });
  }
}

function isAnonymous(caller: Caller): boolean {
  return caller === LOOPBACK_CALLER || caller === ANYONE || caller.callerid.startsWith('anonymous=');
}

/** Holds a caller against the role that its route declares. */
export function checkRouteRole(request: FastifyRequest): void {
  const { caller, method } = request;
  const reads = method === 'GET' || method === 'HEAD';
  const role = request.routeOptions.config.role ?? (reads ? 'read' : undefined);
  if (role === 'anyone' || request.is404) return;
  if (role !== undefined) requireRole(caller, role);
  else if (isAnonymous(caller)) {
    throw new ServiceError('token_missing', 'A write needs a token, on this machine too', { field: 'authorization' });
  }
}
