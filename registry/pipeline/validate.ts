import { Ajv } from 'ajv';
import {
  faultsOf,
  type Identity,
  isJsonObject,
  type Json,
  type JsonObject,
  NODE_FIELDS,
  parseIdentity,
  type Registration,
  registrationSchema,
  shownValue,
} from '../../core/index.ts';
import { RegistryError } from '../errors.ts';

const validateSchema = new Ajv({ verbose: true }).compile<Registration>(registrationSchema);

const KNOWN_FIELDS: ReadonlySet<string> = new Set(Object.keys(registrationSchema.properties));
/** What the registry itself keeps of a node; an exported document sent back holds them, and they mean nothing. */
const OWN_FIELDS: ReadonlySet<string> = new Set(NODE_FIELDS.filter((field) => !KNOWN_FIELDS.has(field)));

/** A registration whose every field has its type; facts and extra are not measured yet. */
export interface ValidRegistration {
  readonly identity: Identity;
  readonly facts: JsonObject;
  readonly classes: readonly string[];
  readonly agentlist: readonly string[];
  readonly collectives: readonly string[];
  readonly interval: number | null;
  readonly extra: JsonObject;
}

/**
 * Holds a value against the registration schema. Keys beside the schema's go to `extra`.
 * @throws RegistryError `registration_invalid` naming the field and what came there; CoreError `identity_invalid`.
 */
export function validateRegistration(value: Json): ValidRegistration {
  if (!isJsonObject(value)) {
    throw new RegistryError('registration_invalid', 'A registration must be a JSON object', { field: '' });
  }
  // The schema has the identity's form too, but its own error says more.
  if (typeof value.identity === 'string') parseIdentity(value.identity);
  if (!validateSchema(value)) {
    const [fault] = faultsOf(validateSchema.errors ?? []);
    throw new RegistryError('registration_invalid', `The registration is invalid: ${fault?.message ?? 'its schema'}`, {
      ...(fault === undefined ? {} : { field: fault.field, value: fault.value }),
    });
  }
  const registration = value as unknown as Registration;
  return {
    identity: registration.identity as Identity,
    facts: registration.facts as JsonObject,
    classes: names(registration.classes, 'classes'),
    agentlist: names(registration.agentlist, 'agentlist'),
    collectives: names(registration.collectives, 'collectives'),
    interval: registration.interval ?? null,
    extra: extraOf(value, registration.extra as JsonObject | undefined),
  };
}

/** These lists are sets: their order and repetitions mean nothing, so they are kept sorted, each name once. */
function names(list: readonly string[] | undefined, field: string): readonly string[] {
  if (list === undefined || list.length === 0) return [];
  const bad = UNPRINTABLE.test(list.join(' ')) ? list.findIndex((name) => UNPRINTABLE.test(name)) : -1;
  if (bad !== -1) {
    throw new RegistryError('registration_invalid', `${field} holds a name with a control character`, {
      field: `${field}.${bad}`,
      value: shownValue(list[bad]),
    });
  }
  return isSortedSet(list) ? list : [...new Set(list)].sort();
}

function isSortedSet(list: readonly string[]): boolean {
  for (let i = 1; i < list.length; i++) if ((list[i - 1] as string) >= (list[i] as string)) return false;
  return true;
}

const UNPRINTABLE = /[\u0000-\u001f\u007f\ud800-\udfff]/;

function extraOf(value: JsonObject, sent: JsonObject | undefined): JsonObject {
  const beside = Object.keys(value).filter((key) => !KNOWN_FIELDS.has(key) && !OWN_FIELDS.has(key));
  if (beside.length === 0) return sent ?? {};
  const extra: Record<string, Json> = Object.create(null) as Record<string, Json>;
  for (const key of beside) extra[key] = value[key] as Json;
  for (const key of Object.keys(sent ?? {})) {
    if (Object.hasOwn(extra, key)) {
      throw new RegistryError('registration_invalid', `${key} stands both in extra and beside it`, {
        field: `extra.${key}`,
        remedy: 'Send it once',
      });
    }
    extra[key] = (sent as JsonObject)[key] as Json;
  }
  return extra;
}
