import {
  IDENTITY_PATTERN,
  type Identity,
  type IdentityKey,
  identityKey,
  type NodeDocument,
  type NormalisedRegistration,
} from '../../core/index.ts';
import type { ChangeResult, FeedEvent, NodeChange } from '../node-store.ts';
import type { Tables } from './environment.ts';
import { judge, mayAdopt } from './judgement.ts';
import { asStored, documentOfRegistration, type NodeCodec, type SeenRecord, seenOfRow, seenRow } from './node-codec.ts';
import { newObjectId } from './object-id.ts';

/*
 * One transaction in the making: the changes of a group of batches, applied in order to the nodes they touch. Nothing
 * is written before `put`; a node that several changes touch is written once, as the last left it. Everything is read,
 * judged and encoded before, because `put` runs inside lmdb's batch and must neither throw nor wait.
 */

/** A node as the group found it and as it leaves it. */
interface TouchedNode {
  readonly key: IdentityKey;
  readonly before: SeenRecord | undefined;
  now: SeenRecord | undefined;
  /** The registration that is the new content; undefined where the content stays. */
  content: NormalisedRegistration | undefined;
  changedAt: NodeDocument['changed'] | undefined;
  contentBytes: unknown;
  seenBytes: unknown;
  bytes: number;
}

/** An event that needs its document read after the commit. */
type PendingEvent = FeedEvent | { readonly kind: 'reread'; readonly key: IdentityKey };

const IDENTITY = new RegExp(IDENTITY_PATTERN);

/** The nodes that one transaction touches. */
export class Group {
  readonly #tables: Tables;
  readonly #codec: NodeCodec;
  readonly #nodes = new Map<IdentityKey, TouchedNode>();
  /** Fully qualified name -> nodes of this group that have just come under it. */
  readonly #fqdnAdded = new Map<string, IdentityKey[]>();
  readonly #tombstones: { readonly identity: Identity; readonly revision: number }[] = [];
  readonly #events: PendingEvent[] = [];
  /** False where nobody follows the feed: documents for it are not put together. */
  readonly withEvents: boolean;
  #revision: number;

  constructor(tables: Tables, codec: NodeCodec, revision: number, withEvents: boolean) {
    this.#tables = tables;
    this.#codec = codec;
    this.#revision = revision;
    this.withEvents = withEvents;
  }

  /** The newest revision: the store's once the group is committed. */
  get revision(): number {
    return this.#revision;
  }

  get events(): readonly PendingEvent[] {
    return this.#events;
  }

  /** Judges and takes one change. */
  take(change: NodeChange): ChangeResult {
    if (change.kind === 'register') return this.#register(change);
    const node = this.#node(identityKey(change.identity));
    if (node.now === undefined) return { outcome: 'unknown', identity: change.identity, revision: 0 };
    if (change.kind === 'forget') return this.#forget(node, node.now);
    const { now } = node;
    const retired = change.kind === 'retire' ? (now.retired ?? change.at) : undefined;
    const outcome = change.kind === 'retire' ? 'retired' : 'restored';
    if (retired === now.retired) return { outcome, identity: now.identity, revision: now.revision };
    const revision = this.#nextRevision();
    node.now = { ...now, retired, revision, contentRevision: revision };
    if (this.withEvents) {
      this.#events.push(
        change.kind === 'retire'
          ? { kind: 'retire', identity: now.identity, revision, at: change.at }
          : { kind: 'reread', key: node.key },
      );
    }
    return { outcome, identity: now.identity, revision };
  }

  #register(change: NodeChange & { readonly kind: 'register' }): ChangeResult {
    const { registration, source, order, byAdmin } = change;
    const key = identityKey(registration.identity);
    const node = this.#node(key);
    if (node.now === undefined) {
      const adopted = this.#adopt(registration, change);
      this.#writeContent(node, adopted, change);
      return this.#written(adopted === undefined ? 'inserted' : 'changed', node);
    }
    const verdict = judge(node.now, registration, source, order, byAdmin);
    if (verdict === 'changed') this.#writeContent(node, node.now, change);
    else if (verdict === 'unchanged') this.#writeSeen(node, node.now, change);
    else return { outcome: verdict, identity: node.now.identity, revision: node.now.revision };
    return this.#written(verdict, node);
  }

  #written(outcome: ChangeResult['outcome'], node: TouchedNode): ChangeResult {
    const { identity, revision } = node.now as SeenRecord;
    return { outcome, identity, revision };
  }

  /** Takes the document of another identity with the same fqdn away from it, where the rule of mayAdopt allows. */
  #adopt(
    registration: NormalisedRegistration,
    change: NodeChange & { readonly kind: 'register' },
  ): SeenRecord | undefined {
    const fqdn = registration.fqdn.toLowerCase();
    if (fqdn !== identityKey(registration.identity)) return undefined;
    const candidates = [...(this.#fqdnAdded.get(fqdn) ?? [])];
    for (const { key } of this.#tables.fqdn.getRange({ start: [fqdn, ''], end: [fqdn, '\uffff'] })) {
      candidates.push(key[1] as IdentityKey);
    }
    for (const key of candidates) {
      const other = this.#node(key);
      const stored = other.now;
      if (stored?.fqdnKey !== fqdn || !mayAdopt(stored, change.source, change.byAdmin)) continue;
      this.#forget(other, stored);
      return stored;
    }
    return undefined;
  }

  #writeContent(
    node: TouchedNode,
    stored: SeenRecord | undefined,
    change: NodeChange & { readonly kind: 'register' },
  ): void {
    const { registration, receivedAt } = change;
    const revision = this.#nextRevision();
    const fqdn = registration.fqdn.toLowerCase();
    const fqdnKey = fqdn !== node.key && IDENTITY.test(fqdn) ? fqdn : undefined;
    if (fqdnKey !== undefined) {
      const added = this.#fqdnAdded.get(fqdnKey);
      if (added === undefined) this.#fqdnAdded.set(fqdnKey, [node.key]);
      else added.push(node.key);
    }
    node.content = registration;
    node.changedAt = receivedAt;
    node.now = {
      ...this.#moved(stored, change, revision),
      identity: registration.identity,
      id: stored?.id ?? newObjectId(receivedAt),
      firstseen: stored?.firstseen ?? receivedAt,
      contentRevision: revision,
      digest: registration.digest,
      retired: undefined,
      fqdnKey,
    };
    if (!this.withEvents) return;
    this.#events.push({ kind: 'upsert', node: documentOfRegistration(node.now, registration, receivedAt) });
  }

  #writeSeen(node: TouchedNode, stored: SeenRecord, change: NodeChange & { readonly kind: 'register' }): void {
    const moved = this.#moved(stored, change, this.#nextRevision());
    const now: SeenRecord = { ...stored, ...moved };
    node.now = now;
    if (!this.withEvents) return;
    const { lastseen, revision, interval, source, identity } = now;
    const base = { identity, lastseen, revision, interval, source };
    this.#events.push(
      Buffer.compare(now.volatile, stored.volatile) === 0
        ? { kind: 'seen', ...base }
        : { kind: 'volatile', ...base, volatile: change.registration.volatile },
    );
  }

  /** What every registration that is taken moves. */
  #moved(
    stored: SeenRecord | undefined,
    { registration, source, receivedAt, order }: NodeChange & { readonly kind: 'register' },
    revision: number,
  ): Pick<SeenRecord, 'lastseen' | 'interval' | 'revision' | 'order' | 'source' | 'volatile'> {
    return {
      lastseen: receivedAt,
      interval: registration.interval,
      revision,
      // A sender without an order leaves the stored one, or old messages of another could be played again.
      order: order ?? stored?.order,
      source,
      volatile: this.#codec.encodeVolatile(registration.volatile),
    };
  }

  #forget(node: TouchedNode, now: SeenRecord): ChangeResult {
    const revision = this.#nextRevision();
    node.now = undefined;
    node.content = undefined;
    this.#tombstones.push({ identity: now.identity, revision });
    if (this.withEvents) this.#events.push({ kind: 'forget', identity: now.identity, revision });
    return { outcome: 'forgotten', identity: now.identity, revision };
  }

  #nextRevision(): number {
    this.#revision += 1;
    return this.#revision;
  }

  #node(key: IdentityKey): TouchedNode {
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const row = this.#tables.seen.get(key);
    const before = row === undefined ? undefined : seenOfRow(row);
    const node: TouchedNode = {
      key,
      before,
      now: before,
      content: undefined,
      changedAt: undefined,
      contentBytes: undefined,
      seenBytes: undefined,
      bytes: 0,
    };
    this.#nodes.set(key, node);
    return node;
  }

  /** The nodes to be encoded, one step each, so that the caller can stop between. Gives the bytes of each. */
  *encode(): Generator<number, void, void> {
    for (const node of this.#nodes.values()) {
      if (node.now === undefined || node.now === node.before) continue;
      const seen = (this.#tables.seen as unknown as { encoder: { encode(value: unknown): Buffer } }).encoder.encode(
        seenRow(node.now),
      );
      node.seenBytes = asStored(seen);
      node.bytes = seen.length;
      if (node.content !== undefined && node.changedAt !== undefined) {
        const content = this.#codec.encodeContent(node.content, node.changedAt);
        node.contentBytes = asStored(content);
        node.bytes += content.length;
      }
      yield node.bytes;
    }
  }

  /** True where a commit would write nothing. */
  get isEmpty(): boolean {
    if (this.#tombstones.length > 0) return false;
    for (const node of this.#nodes.values()) if (node.now !== node.before) return false;
    return true;
  }

  /** Nodes that go, each leaving a tombstone. */
  get tombstones(): number {
    return this.#tombstones.length;
  }

  /** Writes everything, inside a transaction. Neither throws nor reads. */
  put(): void {
    const { content, seen, feed, gone, fqdn } = this.#tables;
    for (const { identity, revision } of this.#tombstones) gone.put(revision, identity);
    for (const { key, before, now, contentBytes, seenBytes } of this.#nodes.values()) {
      if (now === before) continue;
      if (before !== undefined) feed.remove(before.revision);
      if (before?.fqdnKey !== undefined && before.fqdnKey !== now?.fqdnKey) fqdn.remove([before.fqdnKey, key]);
      if (now === undefined) {
        content.remove(key);
        seen.remove(key);
        continue;
      }
      if (now.fqdnKey !== undefined && now.fqdnKey !== before?.fqdnKey) fqdn.put([now.fqdnKey, key], 1);
      if (contentBytes !== undefined) content.put(key, contentBytes);
      seen.put(key, seenBytes);
      feed.put(now.revision, key);
    }
  }
}
