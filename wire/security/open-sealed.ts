import { WireError } from '../errors.ts';
import type { SealedMessage } from '../message.ts';
import { ed25519Provider } from './ed25519.ts';
import type { ProviderName, SecurityProvider } from './provider.ts';

/** Every provider there is, by the name that `security.accept` uses. */
export const securityProviders: Readonly<Record<ProviderName, SecurityProvider>> = Object.freeze({
  ed25519: ed25519Provider,
});

/**
 * Takes a message apart by the provider it names, where that one is accepted. Nothing is believed yet.
 * @throws WireError `message_truncated`, `message_too_large`, `message_malformed`, `provider_not_accepted`.
 */
export function openSealed(bytes: Uint8Array, accept: readonly ProviderName[] = ['ed25519']): SealedMessage {
  const sealed = ed25519Provider.open(bytes);
  if (!accept.includes(sealed.provider)) {
    throw new WireError('provider_not_accepted', `Messages of provider ${sealed.provider} are not accepted here`, {
      field: 'header.provider',
      value: sealed.provider,
    });
  }
  return sealed;
}
