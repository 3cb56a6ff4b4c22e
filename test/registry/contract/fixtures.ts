import {
  codeKeys,
  compileVolatile,
  digestOf,
  type EpochSeconds,
  type JsonObject,
  type NodeDocument,
  type NormalisedRegistration,
  parseIdentity,
  type Source,
  splitVolatile,
  VOLATILE_FACTS,
} from '../../../core/index.ts';
import type { ChangeOutcome, FeedEvent, MessageOrder, NodeChange, NodeStore } from '../../../registry/index.ts';

/** A store as the suite gets it; each test opens its own, empty. */
export interface StoreUnderTest {
  readonly store: NodeStore;
  /** Closes the store and opens the same data again. */
  reopen(): Promise<NodeStore>;
  /** Closes whatever is open and takes the data away. */
  dispose(): Promise<void>;
}

/** Opens an empty store. */
export type OpenStore = () => Promise<StoreUnderTest>;

export type RegisterChange = NodeChange & { readonly kind: 'register' };

const volatileRules = compileVolatile(VOLATILE_FACTS);

export const seconds = (value: number): EpochSeconds => value as EpochSeconds;

/** What a test says of a registration; the rest is filled in. */
export interface Registered {
  readonly facts?: JsonObject;
  readonly fqdn?: string;
  readonly classes?: readonly string[];
  readonly extra?: JsonObject;
  readonly interval?: number | null;
  readonly at?: number;
  readonly order?: MessageOrder;
  readonly proof?: Source['proof'];
  readonly callerid?: string;
}

/** A registration as the pipeline hands it to a store. */
export function register(identity: string, said: Registered = {}): RegisterChange {
  const sent = parseIdentity(identity);
  const { facts, volatile } = splitVolatile(codeKeys(said.facts ?? { role: 'web' }) as JsonObject, volatileRules);
  const classes = said.classes ?? ['common'];
  const extra = codeKeys(said.extra ?? {}) as JsonObject;
  const content = { identity: sent, facts, classes, agentlist: ['discovery'], collectives: ['mcollective'], extra };
  const registration: NormalisedRegistration = {
    ...content,
    fqdn: said.fqdn ?? identity,
    volatile,
    interval: said.interval === undefined ? 300 : said.interval,
    digest: digestOf(content),
  };
  const proof = said.proof ?? 'key';
  const callerid = said.callerid ?? `node=${identity}`;
  return {
    kind: 'register',
    registration,
    source: { via: proof === 'token' ? 'http' : 'stomp', callerid, proof, serializer: 'json' },
    receivedAt: seconds(said.at ?? 1_789_000_000),
    ...(said.order === undefined ? {} : { order: said.order }),
  };
}

export function retire(identity: string, at = 1_789_000_100): NodeChange {
  return { kind: 'retire', identity: parseIdentity(identity), at: seconds(at) };
}

export function restore(identity: string, at = 1_789_000_200): NodeChange {
  return { kind: 'restore', identity: parseIdentity(identity), at: seconds(at) };
}

export function forget(identity: string, at = 1_789_000_300): NodeChange {
  return { kind: 'forget', identity: parseIdentity(identity), at: seconds(at) };
}

/** Applies changes as one batch and gives what became of each. */
export async function outcomes(store: NodeStore, ...changes: readonly NodeChange[]): Promise<readonly ChangeOutcome[]> {
  return (await store.apply(changes)).results.map(({ outcome }) => outcome);
}

/** One document by its identity. */
export async function readOne(store: NodeStore, identity: string): Promise<NodeDocument | undefined> {
  return (await store.read([parseIdentity(identity)]))[0];
}

/** Every document, by lower-case identity. */
export async function everything(store: NodeStore): Promise<Map<string, NodeDocument>> {
  const all = new Map<string, NodeDocument>();
  for await (const slice of store.scan()) for (const node of slice) all.set(node.identity.toLowerCase(), node);
  return all;
}

/** A document without its facts' volatile part, as far as the built-in rules go. */
export function contentOf(node: NodeDocument): JsonObject {
  return splitVolatile(node.facts, volatileRules).facts;
}

/** Lays an event over what a follower knows, as the columns do. */
export function fold(known: Map<string, NodeDocument>, event: FeedEvent): void {
  if (event.kind === 'upsert') {
    known.set(event.node.identity.toLowerCase(), event.node);
    return;
  }
  const key = event.identity.toLowerCase();
  const node = known.get(key);
  if (event.kind === 'forget') {
    known.delete(key);
  } else if (node === undefined) {
    throw new Error(`${event.kind} of ${event.identity}, which the follower was never told of`);
  } else if (event.revision < node.revision) {
    // Older than what the scan has read already.
  } else if (event.kind === 'retire') {
    known.set(key, { ...node, retired: event.at, revision: event.revision });
  } else {
    const { lastseen, revision, interval, source } = event;
    const facts = event.kind === 'volatile' ? mergeFacts(contentOf(node), event.volatile) : node.facts;
    known.set(key, { ...node, facts, lastseen, revision, interval, source });
  }
}

function mergeFacts(facts: JsonObject, volatile: JsonObject): JsonObject {
  const merged: Record<string, JsonObject[string]> = { ...facts };
  for (const [key, value] of Object.entries(volatile)) {
    const kept = merged[key];
    const isBranch = (it: unknown): it is JsonObject => typeof it === 'object' && it !== null && !Array.isArray(it);
    merged[key] = isBranch(kept) && isBranch(value) ? mergeFacts(kept, value) : value;
  }
  return merged;
}
