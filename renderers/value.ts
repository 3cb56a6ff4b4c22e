import { isJsonObject, type Json } from '../core/index.ts';
import { inertText } from './text.ts';

/**
 * A fact's value on one line. Texts stand as they are; maps and lists as Ruby shows them, which is what MCollective's
 * tools print: `{"ip"=>"10.0.0.11"}`, `["deploy", "backup"]`.
 */
export function factText(value: Json): string {
  return typeof value === 'object' && value !== null ? inertText(inspected(value)) : inertText(String(value ?? ''));
}

function inspected(value: Json): string {
  if (value === null) return 'nil';
  if (Array.isArray(value)) return `[${value.map(inspected).join(', ')}]`;
  if (isJsonObject(value)) {
    const parts = Object.keys(value).map((key) => `${JSON.stringify(key)}=>${inspected(value[key] as Json)}`);
    return `{${parts.join(', ')}}`;
  }
  return JSON.stringify(value);
}
