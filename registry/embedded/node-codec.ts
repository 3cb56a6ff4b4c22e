import { asBinary, type Database } from 'lmdb';
import {
  DOCUMENT_FORMAT,
  type EpochSeconds,
  type Identity,
  type JsonObject,
  mergeVolatile,
  type NodeDocument,
  type NormalisedRegistration,
  type Source,
} from '../../core/index.ts';
import type { MessageOrder } from '../node-store.ts';
import type { StructureHooks } from './environment.ts';
import type { KnownNode } from './judgement.ts';

/*
 * A node lies in two tables. `content` holds what counts as content and when it last differed; `seen` holds all that a
 * registration with the same content moves, and all that judging one needs, so that it neither reads nor writes the
 * content. Both are msgpack (lmdb's own msgpackr). Objects of content and volatile facts are written as records: the
 * keys of a shape once in `meta`, under `structures`, the values in each document; decoding is twice as fast as JSON.
 *
 * Invariant: a shape is committed with or before the first document that uses it. The encoder's hook is not enough for
 * that (it is left out when encoding fails half way), so the table of shapes is compared at each commit.
 */

/** Shapes kept once for all documents; further ones stand in each document that has them. */
const SHARED_STRUCTURES_MAX = 512;
/** A wider shape belongs to one node (interfaces by address, mounts by path) and would only push others out. */
const SHARED_KEYS_MAX = 64;
const STRUCTURES_KEY = 'structures';

/** What `seen` keeps of a node. */
export interface SeenRecord extends KnownNode {
  readonly identity: Identity;
  readonly id: string;
  readonly firstseen: EpochSeconds;
  readonly lastseen: EpochSeconds;
  readonly interval: number | null;
  /** The newest write of the node, and the newest that moved more than its seen record. */
  readonly revision: number;
  readonly contentRevision: number;
  readonly retired: EpochSeconds | undefined;
  /** The key in the fqdn index, undefined where the node is not in it. */
  readonly fqdnKey: string | undefined;
  /** Volatile facts, encoded. */
  readonly volatile: Uint8Array;
}

/** What `content` keeps of a node. */
interface StoredContent {
  readonly fqdn: string;
  readonly facts: JsonObject;
  readonly classes: readonly string[];
  readonly agentlist: readonly string[];
  readonly collectives: readonly string[];
  readonly extra: JsonObject;
  readonly changed: EpochSeconds;
}

/** The hooks through which the encoder of `content` keeps its shapes in `meta`. */
export function structureHooks(meta: Database<unknown, string>): StructureHooks {
  return {
    getStructures: () => meta.get(STRUCTURES_KEY),
    // Saved with the commit that needs them, see NodeCodec.putStructures.
    saveStructures: () => true,
    maxSharedStructures: SHARED_STRUCTURES_MAX,
    shouldShareStructure: (keys) => keys.length <= SHARED_KEYS_MAX,
  };
}

interface Encoder {
  encode(value: unknown): Buffer;
  decode(bytes: Uint8Array): unknown;
  readonly structures?: (readonly string[])[] & { sharedLength?: number };
}

/** Documents and seen records to bytes and back. */
export class NodeCodec {
  readonly #encoder: Encoder;
  #sharedCommitted: number;

  constructor(content: Database<unknown, string>, meta: Database<unknown, string>) {
    this.#encoder = (content as unknown as { encoder: Encoder }).encoder;
    this.#sharedCommitted = ((meta.get(STRUCTURES_KEY) as unknown[] | undefined) ?? []).length;
  }

  encodeContent(registration: NormalisedRegistration, changed: EpochSeconds): Uint8Array {
    const { fqdn, facts, classes, agentlist, collectives, extra } = registration;
    return this.encodeJson({ fqdn, facts, classes, agentlist, collectives, extra, changed });
  }

  /** Volatile facts as bytes; equal bytes are equal facts. */
  encodeVolatile(volatile: JsonObject): Uint8Array {
    return this.encodeJson(volatile);
  }

  decodeVolatile(seen: SeenRecord): JsonObject {
    return this.#decodeJson(seen.volatile) as JsonObject;
  }

  /**
   * A JSON object as bytes. The encoder calls `toJSON` of objects made without a prototype even where it is only a key
   * that came from outside; such a value is kept as JSON text.
   */
  encodeJson(value: object): Uint8Array {
    try {
      return this.#encoder.encode(value);
    } catch {
      return this.#encoder.encode(JSON.stringify(value));
    }
  }

  #decodeJson(bytes: Uint8Array): unknown {
    return fromText(this.#encoder.decode(bytes));
  }

  /** The document of a node from its two parts; `stored` is what the content table gave. */
  document(seen: SeenRecord, stored: unknown): NodeDocument {
    const content = fromText(stored) as StoredContent;
    return documentOf(seen, content, mergeVolatile(content.facts, this.decodeVolatile(seen)), content.changed);
  }

  /** How many shapes there are that no commit has yet, and the value that puts them. */
  get structuresPending(): { readonly count: number; readonly value: readonly (readonly string[])[] } | undefined {
    const structures = this.#encoder.structures;
    const count = structures?.sharedLength ?? 0;
    if (structures === undefined || count <= this.#sharedCommitted) return undefined;
    return { count, value: structures.slice(0, count).map((keys) => [...(keys ?? [])]) };
  }

  /** Puts pending shapes into the transaction at hand. */
  putStructures(meta: Database<unknown, string>): void {
    const pending = this.structuresPending;
    if (pending !== undefined) meta.put(STRUCTURES_KEY, pending.value);
  }

  /** To be called once the transaction of {@link putStructures} is on disk. */
  structuresCommitted(count: number): void {
    if (count > this.#sharedCommitted) this.#sharedCommitted = count;
  }
}

/** A document from a registration just written, without reading it back. */
export function documentOfRegistration(
  seen: SeenRecord,
  registration: NormalisedRegistration,
  changed: EpochSeconds,
): NodeDocument {
  return documentOf(seen, registration, mergeVolatile(registration.facts, registration.volatile), changed);
}

function documentOf(
  seen: SeenRecord,
  content: Omit<StoredContent, 'changed'>,
  facts: JsonObject,
  changed: EpochSeconds,
): NodeDocument {
  return {
    _id: seen.id,
    format: DOCUMENT_FORMAT,
    identity: seen.identity,
    fqdn: content.fqdn,
    facts,
    classes: content.classes,
    agentlist: content.agentlist,
    collectives: content.collectives,
    lastseen: seen.lastseen,
    firstseen: seen.firstseen,
    changed,
    revision: seen.revision,
    digest: seen.digest,
    interval: seen.interval,
    source: seen.source,
    extra: content.extra,
    ...(seen.retired === undefined ? {} : { retired: seen.retired }),
  };
}

function fromText(value: unknown): unknown {
  return typeof value === 'string' ? JSON.parse(value) : value;
}

/** A seen record as the table keeps it: a plain row, in this order. */
type SeenRow = readonly [
  identity: Identity,
  id: string,
  firstseen: EpochSeconds,
  lastseen: EpochSeconds,
  interval: number | null,
  revision: number,
  contentRevision: number,
  digest: string,
  msgtime: number | null,
  sequence: number | null,
  retired: EpochSeconds | null,
  via: Source['via'],
  callerid: string,
  proof: Source['proof'],
  serializer: Source['serializer'],
  fqdnKey: string | null,
  volatile: Uint8Array,
];

/** A seen record as the row its table keeps. */
export function seenRow(seen: SeenRecord): SeenRow {
  const { via, callerid, proof, serializer } = seen.source;
  return [
    seen.identity,
    seen.id,
    seen.firstseen,
    seen.lastseen,
    seen.interval,
    seen.revision,
    seen.contentRevision,
    seen.digest,
    seen.order?.msgtime ?? null,
    seen.order?.sequence ?? null,
    seen.retired ?? null,
    via,
    callerid,
    proof,
    serializer,
    seen.fqdnKey ?? null,
    seen.volatile,
  ];
}

/** The seen record of a row. */
export function seenOfRow(row: unknown): SeenRecord {
  const r = row as SeenRow;
  const order: MessageOrder | undefined =
    r[8] === null || r[9] === null ? undefined : { msgtime: r[8], sequence: r[9] };
  return {
    identity: r[0],
    id: r[1],
    firstseen: r[2],
    lastseen: r[3],
    interval: r[4],
    revision: r[5],
    contentRevision: r[6],
    digest: r[7],
    order,
    retired: r[10] ?? undefined,
    source: { via: r[11], callerid: r[12], proof: r[13], serializer: r[14] },
    fqdnKey: r[15] ?? undefined,
    volatile: r[16],
  };
}

/** Bytes that go into a table as they are. */
export function asStored(bytes: Uint8Array): unknown {
  return asBinary(bytes);
}
