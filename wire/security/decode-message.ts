import { Ajv } from 'ajv';
import { Type } from 'typebox';
import { faultsOf, firstBadByte, IDENTITY_PATTERN } from '../../core/index.ts';
import { WireError } from '../errors.ts';
import type { Message } from '../message.ts';

/** Levels of nesting in a message. Facts have a lower bound of their own; this one keeps recursion anywhere safe. */
export const MESSAGE_DEPTH_MAX = 128;
/** Conditions of each kind in a filter. */
export const FILTER_CONDITIONS_MAX = 1000;
const FILTER_TEXT_MAX = 4096;

const whole = (maximum: number) => Type.Integer({ minimum: 0, maximum });
const filterTexts = Type.Array(Type.String({ maxLength: FILTER_TEXT_MAX }), { maxItems: FILTER_CONDITIONS_MAX });

/** The schema of what stands after the header line; docs/wire-format.md tells it in words. Unknown fields are ignored. */
export const messageSchema = Type.Object({
  kind: Type.Union([Type.Literal('request'), Type.Literal('reply')]),
  requestid: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  senderid: Type.String({ pattern: IDENTITY_PATTERN }),
  callerid: Type.String({ pattern: '^[A-Za-z0-9_]+=[A-Za-z0-9_.-]+$', maxLength: 512 }),
  agent: Type.String({ pattern: '^[A-Za-z0-9_-]{1,128}$' }),
  collective: Type.String({ pattern: '^[A-Za-z0-9_.-]{1,128}$' }),
  target: Type.String({ pattern: '^[^\\u0000-\\u0020\\u007f]{1,1024}$' }),
  filter: Type.Object({
    fact: Type.Array(
      Type.Object({
        fact: Type.String({ maxLength: FILTER_TEXT_MAX }),
        operator: Type.String({ maxLength: 16 }),
        value: Type.String({ maxLength: FILTER_TEXT_MAX }),
      }),
      { maxItems: FILTER_CONDITIONS_MAX },
    ),
    cf_class: filterTexts,
    agent: filterTexts,
    identity: filterTexts,
    compound: Type.Array(Type.Unknown(), { maxItems: FILTER_CONDITIONS_MAX }),
  }),
  msgtime: whole(Number.MAX_SAFE_INTEGER),
  sequence: whole(Number.MAX_SAFE_INTEGER),
  ttl: whole(366 * 86_400),
  body: Type.Unknown(),
  join: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
});

const validate = new Ajv({ verbose: true }).compile(messageSchema);
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The message in the signed bytes. Keys named `__proto__` in the body stay data, as JSON.parse gives them.
 * @throws WireError `message_not_utf8`, or `message_malformed` naming the field.
 */
export function decodeMessage(bytes: Uint8Array): Message {
  const value = parse(textOf(bytes));
  if (deeperThan(value, MESSAGE_DEPTH_MAX)) {
    throw new WireError('message_malformed', `The message is nested deeper than ${MESSAGE_DEPTH_MAX} levels`);
  }
  if (validate(value)) return value as unknown as Message;
  const [fault] = faultsOf(validate.errors ?? []);
  throw new WireError('message_malformed', `The message is malformed: ${fault?.message ?? 'it breaks its schema'}`, {
    ...(fault === undefined ? {} : { field: fault.field, value: fault.value }),
  });
}

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    const offset = firstBadByte(bytes);
    throw new WireError('message_not_utf8', `The message is not UTF-8 from byte ${offset} on`, { offset, cause });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    // The parser's own words quote the text, which may hold anything; the log gets them through `cause`.
    throw new WireError('message_malformed', 'The message is not JSON', { cause });
  }
}

function deeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) {
    for (const item of value) if (deeperThan(item, levels - 1)) return true;
    return false;
  }
  for (const key of Object.keys(value)) {
    if (deeperThan((value as Readonly<Record<string, unknown>>)[key], levels - 1)) return true;
  }
  return false;
}
