import {
  codeKeys,
  type EpochSeconds,
  type Identity,
  type Json,
  type JsonObject,
  type NodeDocument,
} from '../../../core/index.ts';

/** A whole node document around the fields a test is about; facts are given uncoded. */
export function nodeDocument(fields: {
  readonly identity?: string;
  readonly facts?: unknown;
  readonly classes?: readonly string[];
  readonly agentlist?: readonly string[];
  readonly collectives?: readonly string[];
  readonly lastseen?: number;
  readonly interval?: number | null;
}): NodeDocument {
  const identity = (fields.identity ?? 'web1.acme.net') as Identity;
  const seen = (fields.lastseen ?? 1_789_000_000) as EpochSeconds;
  return {
    _id: identity,
    format: 1,
    identity,
    fqdn: identity,
    facts: codeKeys((fields.facts ?? {}) as Json) as JsonObject,
    classes: fields.classes ?? [],
    agentlist: fields.agentlist ?? [],
    collectives: fields.collectives ?? ['mcollective'],
    lastseen: seen,
    firstseen: seen,
    changed: seen,
    revision: 1,
    digest: '',
    interval: fields.interval ?? null,
    source: { via: 'stomp', callerid: `node=${identity}`, proof: 'key', serializer: 'json' },
    extra: {},
  };
}
