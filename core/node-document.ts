import { type Static, Type } from 'typebox';
import type { EpochSeconds } from './clock.ts';
import { DURATION_PATTERN } from './duration.ts';
import { IDENTITY_PATTERN, type Identity } from './identity.ts';
import type { JsonObject } from './json.ts';
import { limits } from './limits.ts';

/*
 * The two shapes everything stands on: a registration as it is sent, and a node document as it is kept.
 */

const names = (description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 1024 }), { maxItems: limits.listEntriesMax, description });

/** What a node, an import or a program sends about one machine. Keys beside these are kept in `extra`. */
export const registrationSchema = Type.Object(
  {
    identity: Type.String({ pattern: IDENTITY_PATTERN, description: 'The name the node answers to' }),
    facts: Type.Record(Type.String(), Type.Unknown(), {
      description: 'Facts, nested as Facter gives them, types kept',
    }),
    classes: Type.Optional(names('Classes that configuration management applied')),
    agentlist: Type.Optional(names('Agents the node serves')),
    collectives: Type.Optional(names('Collectives the node is in')),
    interval: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, maximum: 366 * 86_400, description: 'Seconds between its registrations' }),
    ),
    extra: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'What a plugin sent besides' })),
  },
  { $id: 'registration', additionalProperties: true },
);

/** A registration that has passed {@link registrationSchema}; its unknowns are JSON by the codec that read them. */
export type Registration = Static<typeof registrationSchema>;

/** How a registration came and what it proved about its sender. */
export interface Source {
  readonly via: 'stomp' | 'http';
  readonly callerid: string;
  /** `key`, `certificate` and `token` prove the identity; `shared` proves only membership of the fleet. */
  readonly proof: 'key' | 'certificate' | 'token' | 'shared';
  readonly serializer: 'json' | 'yaml' | 'marshal';
}

/** One machine as it is kept. Keys inside facts and extra are coded (see fact-path.ts). */
export interface NodeDocument {
  readonly _id: string;
  readonly format: number;
  readonly identity: Identity;
  readonly fqdn: string;
  /** Content and volatile facts together. */
  readonly facts: JsonObject;
  readonly classes: readonly string[];
  readonly agentlist: readonly string[];
  readonly collectives: readonly string[];
  readonly lastseen: EpochSeconds;
  readonly firstseen: EpochSeconds;
  /** When the content last differed; volatile facts do not count. */
  readonly changed: EpochSeconds;
  /** Grows with every write of this store, over all nodes. */
  readonly revision: number;
  readonly digest: string;
  /** The node's own registration interval in seconds, null where it did not say. */
  readonly interval: number | null;
  readonly source: Source;
  readonly extra: JsonObject;
  /** When it was retired; absent on nodes in service. */
  readonly retired?: EpochSeconds;
}

/** The fields of a node document that stand beside facts and extra, in the order they are shown. */
export const NODE_FIELDS = Object.freeze([
  '_id',
  'format',
  'identity',
  'fqdn',
  'facts',
  'classes',
  'agentlist',
  'collectives',
  'lastseen',
  'firstseen',
  'changed',
  'revision',
  'digest',
  'interval',
  'source',
  'extra',
  'retired',
] as const satisfies readonly (keyof NodeDocument)[]);

/** What the pipeline makes of a registration: checked, keys coded, volatile facts apart, digested. */
export interface NormalisedRegistration {
  readonly identity: Identity;
  readonly fqdn: string;
  readonly facts: JsonObject;
  readonly volatile: JsonObject;
  readonly classes: readonly string[];
  readonly agentlist: readonly string[];
  readonly collectives: readonly string[];
  readonly interval: number | null;
  readonly extra: JsonObject;
  /** {@link digestOf} the content: identity, facts, classes, agentlist, collectives, extra; never volatile. */
  readonly digest: string;
}

/** Durations in schemas are texts of this shape. */
export const durationSchema = (description: string, byDefault: string) =>
  Type.String({ pattern: DURATION_PATTERN, default: byDefault, description });
