import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { ServiceError } from './service-error.ts';
import { serviceLimits } from './service-limits.ts';

/*
 * Slow clients. Node can bound the time of a whole request only for all routes alike, which would also cut a long
 * import. So: a body must be whole within the time; a stream (NDJSON, or any body of a route that takes more than a JSON body
 * may have) may take as long as it goes on arriving, and time during which we do not read on is ours, not the client's.
 */

/** How many looks are taken at a stream within the time it may be silent. */
const LOOKS = 4;

/** Watches the body of a request; past the time its stream fails with ServiceError `request_timeout`. */
export function watchBody(request: FastifyRequest, timeoutMs: number): void {
  const raw = request.raw;
  if (raw.complete || request.method === 'GET' || request.method === 'HEAD') return;
  const fail = (what: string): void => {
    stop();
    const error = new ServiceError('request_timeout', `${what} within ${timeoutMs} ms`, { field: 'body' });
    // Not destroy(): that would close the socket before the answer is out.
    if (raw.listenerCount('error') > 0) raw.emit('error', error);
    else raw.destroy(error);
  };
  const streamed =
    /ndjson|jsonl/i.test(request.headers['content-type'] ?? '') ||
    request.routeOptions.bodyLimit > serviceLimits.bodyBytesMax;
  const timer = streamed
    ? setInterval(
        silenceWatch(request, () => fail('Nothing more of the body came')),
        timeoutMs / LOOKS,
      )
    : setTimeout(() => fail('The body did not come whole'), timeoutMs);
  timer.unref();
  const stop = stopAtEnd(raw, timer);
}

/**
 * What is left of a body after its answer is read and dropped, so that its sender gets to read the answer; but not for
 * ever: past the time the connection is closed. Whoever was refused could else keep us busy without end.
 */
export function boundLeftover(request: FastifyRequest, timeoutMs: number): void {
  const { raw } = request;
  if (raw.complete || raw.socket.destroyed) return;
  const timer = setTimeout(() => raw.socket.destroy(), timeoutMs);
  timer.unref();
  stopAtEnd(raw, timer);
}

/** Clears the timer when the body has ended, the connection has, or the function given back is called. */
function stopAtEnd(raw: IncomingMessage, timer: NodeJS.Timeout): () => void {
  const stop = (): void => {
    clearTimeout(timer);
    raw.off('end', stop);
    raw.off('close', stop);
  };
  raw.once('end', stop);
  raw.once('close', stop);
  return stop;
}

/** Called every so often; after LOOKS silent looks in a row it says so. */
function silenceWatch(request: FastifyRequest, onSilence: () => void): () => void {
  const { raw } = request;
  let silent = 0;
  let bytes = raw.socket.bytesRead;
  return () => {
    const waitsForClient = raw.socket.bytesRead === bytes && raw.readableLength === 0 && !raw.complete;
    bytes = raw.socket.bytesRead;
    silent = waitsForClient ? silent + 1 : 0;
    if (silent >= LOOKS) onSilence();
  };
}
