/**
 * The bytes of a base64url text without padding, or undefined where it is not exactly `length` bytes in the one
 * canonical form. Node's decoder takes padding, other alphabets and stray bits, so that one key or signature would have
 * several spellings; re-encoding rules them out.
 */
export function canonicalBytes(text: unknown, length: number): Buffer | undefined {
  if (typeof text !== 'string' || text.length !== Math.ceil((length * 4) / 3)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  return bytes.length === length && bytes.toString('base64url') === text ? bytes : undefined;
}
