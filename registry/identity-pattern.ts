import { shownValue } from '../core/index.ts';
import { RegistryError } from './errors.ts';

const PATTERN = /^[A-Za-z0-9._*-]{1,253}$/;

/**
 * Checks a pattern of identities: an identity in which `*` stands for any run of characters.
 * @throws RegistryError `argument_invalid`.
 */
export function checkIdentityPattern(pattern: unknown, field: string): string {
  if (typeof pattern === 'string' && PATTERN.test(pattern)) return pattern;
  throw new RegistryError(
    'argument_invalid',
    `${field} is ${shownValue(pattern)}, an identity or a pattern such as *.acme.net was expected`,
    { field, value: shownValue(pattern) },
  );
}

/** True where the identity fits the pattern, compared in lower case. Linear in both: each part is looked for once. */
export function matchesIdentityPattern(identity: string, pattern: string): boolean {
  const name = identity.toLowerCase();
  const parts = pattern.toLowerCase().split('*');
  const first = parts[0] as string;
  const last = parts.at(-1) as string;
  if (parts.length === 1) return name === first;
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  const end = name.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
