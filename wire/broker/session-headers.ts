import { shownValue } from '../../core/index.ts';
import { WireError } from '../errors.ts';
import type { FrameHeaders } from '../link.ts';
import type { AckMode } from './subscription.ts';

/** Headers of SEND that are for the broker alone, or that the broker sets. */
const NOT_PASSED_ON = new Set([
  'receipt',
  'content-length',
  'destination',
  'subscription',
  'message-id',
  'ack',
  'redelivered',
  'login',
  'passcode',
]);

/** The headers of a SEND as its MESSAGE carries them. */
export function passedOn(headers: FrameHeaders): FrameHeaders {
  const kept = Object.create(null) as Record<string, string>;
  for (const name in headers) if (!NOT_PASSED_ON.has(name)) kept[name] = headers[name] as string;
  return kept;
}

/** When a message ends by its `expires` header, Unix milliseconds; undefined where it does not say, or says 0 (never). */
export function expiryOf(headers: FrameHeaders): number | undefined {
  const expires = Number(headers.expires);
  return expires > 0 ? expires : undefined;
}

/** How many unacknowledged messages a subscriber asks for (RabbitMQ's and ActiveMQ's header), at most `most`. */
export function prefetchOf(headers: FrameHeaders, most: number): number {
  const asked = headers['prefetch-count'] ?? headers['activemq.prefetchSize'];
  return asked !== undefined && /^[1-9][0-9]{0,8}$/.test(asked) ? Math.min(Number(asked), most) : most;
}

/** @throws WireError `frame_malformed` for a mode that STOMP does not have. */
export function ackModeOf(header: string | undefined): AckMode {
  if (header === undefined || header === 'auto') return 'auto';
  if (header === 'client' || header === 'client-individual') return header;
  throw new WireError('frame_malformed', `ack is ${shownValue(header)}; auto, client, client-individual are known`, {
    field: 'ack',
  });
}

/** The value of a header. Throws WireError `frame_malformed` where it is missing. */
export function needed(headers: FrameHeaders, name: string): string {
  const value = headers[name];
  if (value !== undefined && value !== '') return value;
  throw new WireError('frame_malformed', `The header ${name} is missing`, { field: name });
}
