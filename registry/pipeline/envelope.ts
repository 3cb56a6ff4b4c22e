import { identityKey, isJsonObject, limits, parseIdentity, shownValue } from '../../core/index.ts';
import { decodeMessage, type Message, openSealed, type SealedMessage, verifySealed } from '../../wire/index.ts';
import { RegistryError } from '../errors.ts';

/** What a sealed message is held against. */
export interface EnvelopeRules {
  /** Providers of `security.accept`. */
  readonly accept: readonly string[];
  /** Where it came: a message made for another destination is refused. */
  readonly destination: string;
  /** When it came, Unix seconds by the registry's clock. */
  readonly receivedAt: number;
}

/** A message whose signature fits its key; who owns the key is not asked here. */
export interface VerifiedMessage {
  readonly message: Message;
  /** The text of the message. */
  readonly bytes: Uint8Array;
  readonly key: string;
  /** Microseconds that the signature took. */
  readonly verifyMicros: number;
}

const CLOSING_BRACE = 0x7d;

/**
 * Opens a sealed registration message: provider accepted, signature, form, destination, sender, time.
 * @throws WireError of opening and decoding; RegistryError `provider_not_accepted`, `signature_invalid`,
 * `message_truncated`, `message_malformed`, `message_expired`, `message_from_future`, `identity_invalid`.
 */
export function openRegistration(bytes: Uint8Array, rules: EnvelopeRules): VerifiedMessage {
  const sealed = openSealed(bytes);
  if (!rules.accept.includes(sealed.provider)) {
    throw new RegistryError('provider_not_accepted', `Messages of provider ${sealed.provider} are not accepted`, {
      field: 'header.provider',
      value: sealed.provider,
    });
  }
  const begun = process.hrtime.bigint();
  const valid = verifySealed(sealed, sealed.key);
  const verifyMicros = Number(process.hrtime.bigint() - begun) / 1000;
  if (!valid) throw signatureFault(sealed);
  const message = decodeMessage(sealed.message);
  checkAddress(message, rules);
  checkSender(message);
  checkTime(message, rules.receivedAt);
  return { message, bytes: sealed.message, key: sealed.key, verifyMicros };
}

/** A cut message fails its signature like a forged one; what a JSON object must end with tells them apart. */
function signatureFault(sealed: SealedMessage): RegistryError {
  const { message } = sealed;
  return message.at(-1) === CLOSING_BRACE
    ? new RegistryError('signature_invalid', 'The signature does not fit the message', { field: 'header.signature' })
    : new RegistryError('message_truncated', `The message ends unfinished after ${message.length} bytes`, {
        offset: message.length,
      });
}

function checkAddress(message: Message, rules: EnvelopeRules): void {
  if (message.kind !== 'request' || message.agent !== 'registration') {
    throw malformed('agent', `${message.kind} ${message.agent}`, 'a request to the agent registration was expected');
  }
  if (message.target !== rules.destination) {
    throw malformed('target', message.target, `it came to ${rules.destination}`);
  }
}

/** One name stands in the message three times, and a node speaks for itself only. */
function checkSender(message: Message): void {
  const sender = identityKey(parseIdentity(message.senderid, 'senderid'));
  if (message.callerid.toLowerCase() !== `node=${sender}`) {
    throw malformed('callerid', message.callerid, `node=${message.senderid} was expected`);
  }
  const identity = isJsonObject(message.body) ? message.body.identity : undefined;
  if (typeof identity === 'string' && identityKey(parseIdentity(identity, 'body.identity')) !== sender) {
    throw malformed('body.identity', identity, `${message.senderid} sent it`);
  }
}

function malformed(field: string, value: string, why: string): RegistryError {
  return new RegistryError('message_malformed', `${field} is ${shownValue(value)}, ${why}`, {
    field,
    value: shownValue(value),
  });
}

function checkTime(message: Message, receivedAt: number): void {
  const { msgtime, ttl } = message;
  const ahead = msgtime - receivedAt;
  if (ahead > limits.clockSkewSeconds) {
    throw new RegistryError(
      'message_from_future',
      `The message is dated ${ahead} s ahead, at most ${limits.clockSkewSeconds} s go`,
      { field: 'msgtime', value: msgtime, identity: message.senderid },
    );
  }
  if (msgtime + ttl < receivedAt) {
    throw new RegistryError('message_expired', `The message was made ${-ahead} s ago and was to live for ${ttl} s`, {
      field: 'msgtime',
      value: msgtime,
      identity: message.senderid,
    });
  }
}
