import type { Json } from '../core/index.ts';

/*
 * Our own message: what the `ed25519` provider signs. On the wire it is two lines of JSON in one body:
 *
 *   {"muster":1,"provider":"ed25519","key":"<public key>","signature":"<signature>"}\n
 *   {"kind":"request","agent":"registration", ... }
 *
 * The signature covers the exact bytes after the first newline, so filter and target are protected with the rest and
 * nothing has to be serialized twice alike. Key (32 bytes) and signature (64 bytes) are base64url without padding.
 */

/** MCollective's filter, as every request carries it (protocol page, 2.4). */
export interface WireFilter {
  readonly fact: readonly { readonly fact: string; readonly operator: string; readonly value: string }[];
  readonly cf_class: readonly string[];
  readonly agent: readonly string[];
  readonly identity: readonly string[];
  readonly compound: readonly Json[];
}

/** One message of ours, as it is signed. */
export interface Message {
  readonly kind: 'request' | 'reply';
  /** 32 lower-case hex digits. */
  readonly requestid: string;
  /** The machine that sent it. */
  readonly senderid: string;
  /** The user or node it speaks for, `kind=value`: `node=db1.acme.net`, `user=rip`. */
  readonly callerid: string;
  readonly agent: string;
  readonly collective: string;
  /** The destination it was sent to; a receiver refuses it elsewhere. */
  readonly target: string;
  readonly filter: WireFilter;
  /** Unix seconds by the sender's clock. */
  readonly msgtime: number;
  /** Grows with every message of the sender within one msgtime, and may go on growing. */
  readonly sequence: number;
  /** Seconds from msgtime. */
  readonly ttl: number;
  readonly body: Json;
  /** Proof of the join token, hex HMAC-SHA-256 with the token over `key LF senderid LF msgtime`; at enrolment only. */
  readonly join?: string;
}

/** A message as it travels, taken apart but not yet believed. */
export interface SealedMessage {
  readonly provider: 'ed25519';
  /** The sender's public key, base64url; proves nothing until it is known who owns it. */
  readonly key: string;
  readonly signature: string;
  /** The exact bytes the signature covers. */
  readonly message: Uint8Array;
}

/** Where our nodes send their registrations: a queue, so that nothing is lost while nobody reads. */
export function registrationQueue(collective: string): string {
  return `/queue/${collective}.registration`;
}
