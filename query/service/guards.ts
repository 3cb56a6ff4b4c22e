import type { FastifyRequest } from 'fastify';
import { isLoopback, parseListen, shownValue } from '../../core/index.ts';
import { type ServiceConfig, ServiceError } from './service-error.ts';

/*
 * What stands between the service and the pages of web browsers. A page of another origin can make a browser send
 * requests here, and by DNS rebinding it can even make itself look like this service's own page. So: the Host header
 * must be a name of ours, a foreign Origin is refused (there is no CORS), and a body must say that it is JSON, which a
 * page cannot do without asking first by a preflight that is refused too.
 */

/** Checks a request before anything of it is believed. Throws ServiceError. */
export type Guard = (request: FastifyRequest) => void;

/** The guards of a configuration, in the order they are asked. */
export function createGuard(config: ServiceConfig): Guard {
  const isOurs = hostCheck(config);
  const named = new Set(config.http.hosts.map((host) => hostName(host) ?? host.toLowerCase()));
  return (request) => {
    const host = request.headers.host;
    const name = hostName(host);
    if (name === undefined || !isOurs(name, request.raw.socket.localAddress)) {
      throw new ServiceError('host_refused', `The Host header is ${shownValue(host ?? 'absent')}, no name of ours`, {
        field: 'host',
        value: shownValue(host ?? ''),
      });
    }
    checkOrigin(request, host as string, named.has(name));
    checkContentType(request);
  };
}

const HOST = /^(?:\[([0-9a-f:.]{2,45})\]|([^\s:[\]/@\\]{1,253}))(?::\d{1,5})?$/i;

/** The name in a Host header in lower case, without port, brackets and final dot; undefined where it is none. */
function hostName(host: string | undefined): string | undefined {
  const match = host === undefined ? null : HOST.exec(host);
  const name = match?.[1] ?? match?.[2];
  return name?.toLowerCase().replace(/\.$/, '');
}

function hostCheck(config: ServiceConfig): (name: string, localAddress: string | undefined) => boolean {
  const { host } = parseListen(config.http.listen, 'http.listen');
  const known = new Set([host.toLowerCase(), ...config.http.hosts.map((name) => hostName(name) ?? '')]);
  if (isLoopback(host) || host === '0.0.0.0' || host === '::') {
    for (const name of ['localhost', '127.0.0.1', '::1']) known.add(name);
  }
  // The address a connection came in on is a safe name: rebinding needs a name that the attacker can point elsewhere.
  return (name, localAddress) =>
    known.has(name) || (localAddress !== undefined && name === localAddress.replace(/^::ffff:/i, '').toLowerCase());
}

function checkOrigin(request: FastifyRequest, host: string, named: boolean): void {
  const { headers } = request;
  const { origin } = headers;
  if (origin !== undefined) {
    const own = `${request.protocol}://${host}`.toLowerCase();
    // A name given in http.hosts may stand on a proxy that ends TLS, so its pages are https while we see http.
    const proxied = named && origin.toLowerCase() === `https://${host}`.toLowerCase();
    if (origin.toLowerCase() !== own && !proxied) refuseOrigin('origin', origin);
  }
  const site = headers['sec-fetch-site'];
  if ((site === 'cross-site' || site === 'same-site') && !isNavigation(request)) {
    refuseOrigin('sec-fetch-site', String(site));
  }
}

/** A person who followed a link to us: the page with the link cannot read the answer. */
function isNavigation(request: FastifyRequest): boolean {
  const { headers, method } = request;
  return method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
}

function refuseOrigin(field: string, value: string): never {
  throw new ServiceError('origin_refused', `The request comes from a page of another origin: ${shownValue(value)}`, {
    field,
    value: shownValue(value),
  });
}

const JSON_TYPES = /^\s*application\/(json|x-ndjson|ndjson|jsonl)\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

function checkContentType(request: FastifyRequest): void {
  const { headers } = request;
  const type = headers['content-type'];
  if (type === undefined) {
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
    if (!hasBody) return;
  } else if (JSON_TYPES.test(type)) return;
  throw new ServiceError('content_type_refused', `A body of type ${shownValue(type ?? 'unnamed')} was sent`, {
    field: 'content-type',
    value: shownValue(type ?? ''),
  });
}
