import {
  codeKeys,
  digestOf,
  type Identity,
  isJsonObject,
  type JsonObject,
  splitVolatile,
  type VolatileRules,
} from '../../core/index.ts';
import type { DigestTable } from './digest-table.ts';
import type { Measured } from './measure.ts';
import type { ValidRegistration } from './validate.ts';

/** The facts, lists and extra of a node, keys coded: what its digest is made of, beside the identity. */
export interface Content {
  readonly facts: JsonObject;
  readonly classes: readonly string[];
  readonly agentlist: readonly string[];
  readonly collectives: readonly string[];
  readonly extra: JsonObject;
}

/** A registration ready to be stored; content and volatile facts as JSON texts, read only where they are needed. */
export interface Normalised {
  readonly identity: Identity;
  readonly fqdn: string;
  readonly interval: number | null;
  readonly digest: string;
  /** JSON of a {@link Content}. */
  readonly content: string;
  /** JSON of the volatile facts. */
  readonly volatile: string;
}

/** Codes keys, takes volatile facts apart and digests the rest. The registration has been measured. */
export function normalise(
  registration: ValidRegistration,
  { specialKeys }: Pick<Measured, 'specialKeys'>,
  rules: VolatileRules,
  digests: DigestTable,
): Normalised {
  const { identity } = registration;
  // Coded first: what is split afterwards may be assigned by key without care for `__proto__`.
  const coded = specialKeys ? (codeKeys(registration.facts) as JsonObject) : registration.facts;
  const { facts, volatile } = splitVolatile(coded, rules);
  const content: Content = {
    facts,
    classes: registration.classes,
    agentlist: registration.agentlist,
    collectives: registration.collectives,
    extra: specialKeys ? (codeKeys(registration.extra) as JsonObject) : registration.extra,
  };
  const text = JSON.stringify(content);
  return {
    identity,
    fqdn: fqdnOf(registration.facts) ?? identity,
    interval: registration.interval,
    digest: digests.digest(`${identity} ${text}`, () => digestOf({ identity, ...content })),
    content: text,
    volatile: JSON.stringify(volatile),
  };
}

/** What may be indexed as a name: a longer text, or one with blanks, is a fact and no more. */
const DOMAIN_NAME = /^[!-~]{1,253}$/;

/** `facts.fqdn`, else `facts.networking.fqdn`. */
function fqdnOf(facts: JsonObject): string | undefined {
  const networking = Object.hasOwn(facts, 'networking') ? facts.networking : undefined;
  for (const holder of [facts, networking]) {
    const fqdn = isJsonObject(holder) && Object.hasOwn(holder, 'fqdn') ? holder.fqdn : undefined;
    if (typeof fqdn === 'string' && DOMAIN_NAME.test(fqdn)) return fqdn;
  }
  return undefined;
}
