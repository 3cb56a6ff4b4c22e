import { CoreError, shownValue } from './errors.ts';

/** The name a node answers to, as it was sent. Only {@link parseIdentity} makes one. */
export type Identity = string & { readonly __brand: 'Identity' };

/** An identity in lower case: the form in which two are compared and keyed. */
export type IdentityKey = string & { readonly __brand: 'IdentityKey' };

/** The characters and length of an identity. */
export const IDENTITY_PATTERN = '^[A-Za-z0-9._-]{1,253}$';
const IDENTITY = new RegExp(IDENTITY_PATTERN);

/**
 * Checks an identity and gives it branded, as it was sent.
 * @throws CoreError `identity_invalid` for another shape, and for `localhost` and names below it.
 */
export function parseIdentity(text: unknown, field = 'identity'): Identity {
  if (typeof text !== 'string' || !IDENTITY.test(text)) {
    throw new CoreError('identity_invalid', `${field} is ${shownValue(text)}, which is not an identity`, {
      field,
      ...(typeof text === 'string' ? { value: shownValue(text) } : {}),
    });
  }
  if (/^localhost(\.|$)/i.test(text)) {
    throw new CoreError('identity_invalid', `${field} is ${text}, which every machine calls itself`, {
      field,
      value: text,
      remedy: 'Give the node a name of its own in agent.identity',
    });
  }
  return text as Identity;
}

/** The form under which an identity is compared and stored. */
export function identityKey(identity: Identity): IdentityKey {
  return identity.toLowerCase() as IdentityKey;
}
