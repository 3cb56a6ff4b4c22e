import { type Clock, epochSeconds, type Identity } from '../core/index.ts';
import type { Enrolment, EnrolmentMode, KeyRecord } from './enrolment/contract.ts';
import { RegistryError } from './errors.ts';
import type { ChangeOutcome, FeedPosition, NodeStore } from './node-store.ts';

/** What an operator's wish did. */
export interface NodeDone {
  readonly identity: Identity;
  readonly outcome: 'retired' | 'restored' | 'forgotten' | 'approved' | 'rebound';
  /** For whoever follows the feed; absent where no node moved. */
  readonly position?: FeedPosition;
  /** How the next key of this identity will be taken, where none is enrolled any more. */
  readonly nextKey?: EnrolmentMode;
  /** The key enrolled by an approval. */
  readonly fingerprint?: string;
}

/** What operators do to nodes. Errors: RegistryError `identity_unknown`, `argument_invalid`. */
export interface NodeAdmin {
  /** Enrols the key that waits, and takes a retired node back into service. */
  approve(identity: Identity, fingerprint?: string): Promise<NodeDone>;
  /** Out of every query and config; its key is taken off, and it does not come back by registering. */
  retire(identity: Identity): Promise<NodeDone>;
  /** Back into service; its next key is taken as a new node's. */
  restore(identity: Identity): Promise<NodeDone>;
  /** Takes the key off, for a host that was rebuilt: the next one is taken as a new node's. */
  rebind(identity: Identity): Promise<NodeDone>;
  /** Deletes the document and the key. */
  forget(identity: Identity): Promise<NodeDone>;
}

/** The node admin of a store. */
export function createNodeAdmin(parts: {
  readonly store: NodeStore;
  readonly enrolment: Enrolment;
  readonly clock: Clock;
}): NodeAdmin {
  const { store, enrolment, clock } = parts;

  async function change(kind: 'retire' | 'restore' | 'forget', identity: Identity): Promise<Moved> {
    const { results, position } = await store.apply([{ kind, identity, at: epochSeconds(clock) }]);
    return { outcome: results[0]?.outcome ?? 'unknown', position };
  }

  return {
    async approve(identity, wanted) {
      const record = await enrolment.get(identity);
      const wasRetired = record?.state === 'retired' || (await isRetired(store, identity));
      if (wasRetired && candidatesOf(record) === 0) {
        await enrolment.unbind(identity);
        const { position } = await change('restore', identity);
        return { identity, outcome: 'restored', position, nextKey: enrolment.mode };
      }
      const { fingerprint } = (await enrolment.approve(identity, wanted)) as KeyRecord & { state: 'enrolled' };
      if (!wasRetired) return { identity, outcome: 'approved', fingerprint };
      const { position } = await change('restore', identity);
      return { identity, outcome: 'approved', position, fingerprint };
    },
    async retire(identity) {
      if ((await store.read([identity]))[0] === undefined) throw unknownNode(identity);
      // The key first: a registration on its way is then refused by one or the other.
      await enrolment.bar(identity);
      const { position } = await change('retire', identity);
      return { identity, outcome: 'retired', position };
    },
    async restore(identity) {
      const { outcome, position } = await change('restore', identity);
      if (outcome === 'unknown') throw unknownNode(identity);
      if ((await enrolment.get(identity))?.state === 'retired') await enrolment.unbind(identity);
      return { identity, outcome: 'restored', position, nextKey: enrolment.mode };
    },
    async rebind(identity) {
      if ((await enrolment.get(identity))?.state === 'retired') {
        throw new RegistryError('identity_retired', `${identity} is retired and has no key`, { identity });
      }
      if (!(await enrolment.unbind(identity)) && (await store.read([identity]))[0] === undefined) {
        throw unknownNode(identity);
      }
      return { identity, outcome: 'rebound', nextKey: enrolment.mode };
    },
    async forget(identity) {
      const { outcome, position } = await change('forget', identity);
      const hadKey = await enrolment.unbind(identity);
      if (outcome === 'unknown' && !hadKey) throw unknownNode(identity);
      return { identity, outcome: 'forgotten', position };
    },
  };
}

interface Moved {
  readonly outcome: ChangeOutcome;
  readonly position: FeedPosition;
}

function candidatesOf(record: KeyRecord | undefined): number {
  return record === undefined || !('candidates' in record) ? 0 : record.candidates.length;
}

async function isRetired(store: NodeStore, identity: Identity): Promise<boolean> {
  return (await store.read([identity]))[0]?.retired !== undefined;
}

function unknownNode(identity: Identity): RegistryError {
  return new RegistryError('identity_unknown', `There is no node ${identity}`, { field: 'identity', identity });
}
