import type { Identity, NodeDocument } from '../../core/index.ts';
import type { FeedEvent } from '../node-store.ts';
import type { Environment } from './environment.ts';
import type { Reread } from './feed.ts';
import { type NodeCodec, type SeenRecord, seenOfRow } from './node-codec.ts';

/** Documents read in one turn of the event loop: about 3 ms. */
export const READ_SLICE = 200;
const FEED_SLICE = 200;

/**
 * Reads nodes from the tables. Every method reads in one turn of the event loop, which is one snapshot of LMDB, so the
 * parts of a node belong together.
 * @throws StoreError `store_corrupt` where a node cannot be read.
 */
export class NodeReader {
  readonly #environment: Environment;
  readonly #codec: NodeCodec;

  constructor(environment: Environment, codec: NodeCodec) {
    this.#environment = environment;
    this.#codec = codec;
  }

  /** Documents after a key, and the last key read; undefined where there are no more. Both tables in one snapshot. */
  slice(after: string): { readonly documents: readonly NodeDocument[]; readonly last: string | undefined } {
    const { seen, content } = this.#environment.tables;
    const range = { start: after, exclusiveStart: true, limit: READ_SLICE };
    const documents: NodeDocument[] = [];
    let key = after;
    try {
      const contents = content.getRange(range)[Symbol.iterator]();
      for (const row of seen.getRange(range)) {
        key = row.key;
        const stored = contents.next().value as { readonly key: string; readonly value: unknown } | undefined;
        if (stored?.key !== key) throw new Error('its two parts do not belong together');
        documents.push(this.#codec.document(seenOfRow(row.value), stored.value));
      }
      contents.return?.();
    } catch (thrown) {
      throw this.#environment.readFailed(thrown, `Reading the document of ${key}`);
    }
    return { documents, last: documents.length < READ_SLICE ? undefined : key };
  }

  /** The document of a node; undefined where there is none. */
  document(key: string): NodeDocument | undefined {
    const seen = this.#seen(key);
    return seen === undefined ? undefined : this.#documentOf(key, seen);
  }

  #seen(key: string): SeenRecord | undefined {
    try {
      const row = this.#environment.tables.seen.get(key);
      return row === undefined ? undefined : seenOfRow(row);
    } catch (thrown) {
      throw this.#environment.readFailed(thrown, `Reading what is known of ${key}`);
    }
  }

  #documentOf(key: string, seen: SeenRecord): NodeDocument {
    try {
      const content = this.#environment.tables.content.get(key);
      if (content === undefined) throw new Error('its content is not there');
      return this.#codec.document(seen, content);
    } catch (thrown) {
      throw this.#environment.readFailed(thrown, `Reading the document of ${key}`);
    }
  }

  /** What moved after a revision, up to the newest that this process knows of, by the tables of nodes and tombstones. */
  movedSince(after: number, base: number, newest: number): Reread {
    const { feed, gone } = this.#environment.tables;
    const range = { start: after, exclusiveStart: true, end: newest, inclusiveEnd: true, limit: FEED_SLICE };
    const moved: { readonly revision: number; readonly event: () => FeedEvent | undefined }[] = [];
    for (const { key: revision, value: key } of feed.getRange(range)) {
      moved.push({ revision, event: () => this.#eventOf(key, base) });
    }
    for (const { key: revision, value } of gone.getRange(range)) {
      moved.push({ revision, event: () => ({ kind: 'forget', identity: value as Identity, revision }) });
    }
    moved.sort((a, b) => a.revision - b.revision);
    const isLast = moved.length < FEED_SLICE;
    const slice = moved.slice(0, FEED_SLICE);
    const events = slice.map(({ event }) => event()).filter((event) => event !== undefined);
    return { events, isLast, revision: isLast ? newest : (slice.at(-1)?.revision ?? newest) };
  }

  #eventOf(key: string, base: number): FeedEvent | undefined {
    const seen = this.#seen(key);
    if (seen === undefined) return undefined;
    if (seen.contentRevision > base) return { kind: 'upsert', node: this.#documentOf(key, seen) };
    const { identity, lastseen, revision, interval, source } = seen;
    return {
      kind: 'volatile',
      identity,
      lastseen,
      revision,
      interval,
      source,
      volatile: this.#codec.decodeVolatile(seen),
    };
  }
}
