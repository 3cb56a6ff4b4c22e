import type { Message, SealedMessage } from '../message.ts';
import type { SigningKey } from './signing-key.ts';

/** Names of the security providers that `security.accept` may list. */
export type ProviderName = SealedMessage['provider'];

/**
 * One way to protect messages. MCollective's psk, ssl and aes become further implementations; whoever seals, opens and
 * verifies goes through this and need not change.
 */
export interface SecurityProvider {
  readonly name: ProviderName;
  /** What a verified message proves: `key` one identity; `shared` only that the sender is of the fleet. */
  readonly proof: 'key' | 'certificate' | 'shared';
  /** A message as it travels. Throws WireError `message_too_large`. */
  seal(message: Message, key: SigningKey): Uint8Array;
  /** Takes it apart without believing it. Throws WireError with a `message_...` code or `provider_not_accepted`. */
  open(bytes: Uint8Array): SealedMessage;
  /** True where the owner of the public key sealed exactly this. */
  verify(sealed: SealedMessage, publicKey: string): Promise<boolean>;
}
