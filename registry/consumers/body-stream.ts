import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { MusterError, shownValue } from '../../core/index.ts';
import { RegistryError } from '../errors.ts';

/**
 * The bytes of a request body as they arrive, unpacked where they came as gzip.
 * @throws RegistryError `content_type_refused` for another encoding; while reading: `message_malformed` (no gzip),
 * `message_truncated` (an end too early, a broken connection), and the service's own `request_timeout`.
 */
export async function* bodyChunks(body: Readable, headers: IncomingHttpHeaders): AsyncGenerator<Uint8Array> {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip') {
    throw new RegistryError('content_type_refused', `The body is encoded as ${shownValue(encoding)}`, {
      field: 'content-encoding',
      value: shownValue(encoding),
      remedy: 'Send it as it is, or as gzip',
    });
  }
  const stream = encoding === 'identity' ? body : unpacked(body);
  try {
    // To destroy a request's body is to close its socket, and the answer could not be sent.
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array;
  } catch (thrown) {
    throw readingError(thrown);
  }
}

/** Not stream.pipeline(): of a body that is no gzip it would close the socket. */
function unpacked(body: Readable): Readable {
  const gunzip = createGunzip();
  body.once('error', (cause) => gunzip.destroy(cause));
  body.once('close', () => {
    if (!body.readableEnded)
      gunzip.destroy(new RegistryError('message_truncated', 'The body ended before it was whole'));
  });
  gunzip.once('error', () => body.unpipe(gunzip));
  return body.pipe(gunzip);
}

function readingError(thrown: unknown): MusterError {
  if (thrown instanceof MusterError) return thrown;
  const code = (thrown as NodeJS.ErrnoException).code ?? '';
  if (code === 'Z_BUF_ERROR' || code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE') {
    return new RegistryError('message_truncated', 'The body ended before it was whole', { cause: thrown });
  }
  if (code.startsWith('Z_')) {
    return new RegistryError('message_malformed', 'The body is not the gzip it says it is', {
      field: 'content-encoding',
      cause: thrown,
    });
  }
  return new RegistryError('internal_error', 'The body could not be read', { cause: thrown });
}
