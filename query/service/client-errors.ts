import type { Socket } from 'node:net';
import { type ErrorCode, errorCatalogue } from '../../core/index.ts';
import { ServiceError } from './service-error.ts';

/** What Node's parser gives up on, by its code. */
const OF_NODE: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'The head of a request took too long to arrive'],
  HPE_HEADER_OVERFLOW: ['request_too_large', 'The head of a request is over 16 KiB'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['request_too_large', 'The chunk extensions of a request are over their bound'],
};

/**
 * Answers what never became a request (Node's `clientError`) in the same form as every other error, and closes.
 * Nothing of it is answered in words of the parser.
 */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy(error);
    return;
  }
  const [code, message] = OF_NODE[error.code ?? ''] ?? (['message_malformed', 'What came is not HTTP'] as const);
  const body = JSON.stringify(new ServiceError(code, message));
  const status = errorCatalogue[code].http;
  socket.end(
    `HTTP/1.1 ${status} Error\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
