import { verify } from 'node:crypto';
import { limits, shownValue } from '../../core/index.ts';
import { WireError } from '../errors.ts';
import type { Message, SealedMessage } from '../message.ts';
import { canonicalBytes } from './base64url.ts';
import type { SecurityProvider } from './provider.ts';
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES, type SigningKey } from './signing-key.ts';
import { verifyingKey } from './verifying-keys.ts';

/** Bytes of the header line with its newline; ours takes 188. */
export const SEALED_HEADER_BYTES_MAX = 1024;
/** Bytes of a whole sealed message: header line and what it signs. */
export const SEALED_BYTES_MAX = limits.messageBytesMax + SEALED_HEADER_BYTES_MAX;

/** The version of our message format, in the field `muster` of each header line. */
export const MESSAGE_FORMAT = 1;

const NEWLINE = 0x0a;
const HEADER_FIELDS = ['muster', 'provider', 'key', 'signature'];
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A message as it travels: header line, newline, the signed bytes.
 * @throws WireError `message_too_large` for what nobody would take.
 */
export function sealMessage(message: Message, key: SigningKey): Uint8Array {
  const signed = Buffer.from(JSON.stringify(message), 'utf8');
  if (signed.length > limits.messageBytesMax) throw tooLarge(signed.length);
  return sealBytes(signed, key);
}

/** Seals any bytes, checking nothing: a message made elsewhere, or a bad one for a test. */
export function sealBytes(signed: Uint8Array, key: SigningKey): Uint8Array {
  const signature = Buffer.from(key.sign(signed)).toString('base64url');
  return Buffer.concat([Buffer.from(`${headerLine(key.publicKey, signature)}\n`, 'latin1'), signed]);
}

/** The one spelling of a header: these fields in this order, no blanks. Any other is refused. */
function headerLine(key: string, signature: string): string {
  return JSON.stringify({ muster: MESSAGE_FORMAT, provider: 'ed25519', key, signature });
}

/**
 * Takes a sealed message apart; believes nothing of it. The message's bytes are a view into `bytes`.
 * @throws WireError `message_truncated`, `message_too_large`, `message_malformed` (naming the field),
 * `provider_not_accepted` for a provider of another name.
 */
export function openEd25519(bytes: Uint8Array): SealedMessage {
  if (bytes.length > SEALED_BYTES_MAX) throw tooLarge(bytes.length);
  const newline = bytes.subarray(0, SEALED_HEADER_BYTES_MAX).indexOf(NEWLINE);
  if (newline === -1) {
    if (bytes.length >= SEALED_HEADER_BYTES_MAX) {
      throw malformed('', `the header line is over ${SEALED_HEADER_BYTES_MAX} bytes`);
    }
    throw new WireError('message_truncated', `The message ends after ${bytes.length} bytes, within its header line`);
  }
  const header = readHeader(bytes.subarray(0, newline));
  const message = bytes.subarray(newline + 1);
  if (message.length === 0) throw new WireError('message_truncated', 'The message ends after its header line');
  if (message.length > limits.messageBytesMax) throw tooLarge(message.length);
  return { provider: 'ed25519', ...header, message };
}

function readHeader(line: Uint8Array): { readonly key: string; readonly signature: string } {
  let text: string;
  let header: unknown;
  try {
    text = utf8.decode(line);
    header = JSON.parse(text);
  } catch (cause) {
    throw new WireError('message_malformed', 'The header line of the message is not JSON', { field: 'header', cause });
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw malformed('header', 'the header line is not an object');
  }
  const fields = header as Readonly<Record<string, unknown>>;
  if (fields.muster !== MESSAGE_FORMAT) {
    throw malformed('header.muster', `${shownValue(fields.muster)} is not the format ${MESSAGE_FORMAT}`);
  }
  if (typeof fields.provider !== 'string') throw malformed('header.provider', 'it is not a text');
  if (fields.provider !== 'ed25519') {
    throw new WireError('provider_not_accepted', `Messages of provider ${shownValue(fields.provider)} are not taken`, {
      field: 'header.provider',
      value: shownValue(fields.provider),
    });
  }
  for (const name of Object.keys(fields)) {
    if (!HEADER_FIELDS.includes(name)) throw malformed(`header.${shownValue(name)}`, 'there is no such field');
  }
  if (canonicalBytes(fields.key, PUBLIC_KEY_BYTES) === undefined) {
    throw malformed('header.key', `it is not ${PUBLIC_KEY_BYTES} bytes in base64url without padding`);
  }
  if (canonicalBytes(fields.signature, SIGNATURE_BYTES) === undefined) {
    throw malformed('header.signature', `it is not ${SIGNATURE_BYTES} bytes in base64url without padding`);
  }
  const { key, signature } = fields as { key: string; signature: string };
  if (text !== headerLine(key, signature)) {
    throw malformed('header', `it is not ${HEADER_FIELDS.join(', ')} in this order without blanks`);
  }
  return { key, signature };
}

function malformed(field: string, why: string): WireError {
  return new WireError('message_malformed', `The message is malformed at ${field || 'its start'}: ${why}`, { field });
}

function tooLarge(length: number): WireError {
  return new WireError('message_too_large', `The message has ${length} bytes, at most ${limits.messageBytesMax} go`, {
    value: length,
  });
}

/**
 * True where the owner of `publicKey` signed exactly these bytes. False too where the message names another key, so
 * that a message altered anywhere, header included, never verifies. Takes about 0.1 ms of this thread.
 */
export function verifySealed(sealed: SealedMessage, publicKey: string): boolean {
  const key = keyFor(sealed, publicKey);
  return key !== undefined && verify(null, sealed.message, key, Buffer.from(sealed.signature, 'base64url'));
}

/** {@link verifySealed} on a thread of libuv's pool, so that this one goes on meanwhile. */
export function verifySealedOffThread(sealed: SealedMessage, publicKey: string): Promise<boolean> {
  const key = keyFor(sealed, publicKey);
  if (key === undefined) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    verify(null, sealed.message, key, Buffer.from(sealed.signature, 'base64url'), (error, valid) => {
      if (error === null) resolve(valid);
      else reject(error);
    });
  });
}

function keyFor(sealed: SealedMessage, publicKey: string): ReturnType<typeof verifyingKey> {
  return sealed.key === publicKey ? verifyingKey(publicKey) : undefined;
}

/** Our own provider: two lines of JSON, signed whole by the sender's own key. Its proof is of one identity. */
export const ed25519Provider: SecurityProvider = {
  name: 'ed25519',
  proof: 'key',
  seal: sealMessage,
  open: openEd25519,
  verify: verifySealedOffThread,
};
