import type { Source } from '../../core/index.ts';
import type { MessageOrder } from '../node-store.ts';

/*
 * What becomes of a registration: pure rules over what the store knows of the node, the same for every store.
 */

/** What the rules need to know of a node that is there. */
export interface KnownNode {
  readonly retired: number | undefined;
  readonly source: Source;
  /** The order of the newest message; undefined where no sender gave one yet. */
  readonly order: MessageOrder | undefined;
  readonly digest: string;
}

/** The verdict on a registration of a node that is there. */
export type Verdict = 'changed' | 'unchanged' | 'duplicate' | 'replayed' | 'owned' | 'is-retired';

/**
 * What becomes of a registration of a known node. A registration without an order is newer than anything; of an
 * administrator's it is not asked who owns the document.
 */
export function judge(
  known: KnownNode,
  registration: { readonly digest: string },
  source: Source,
  order: MessageOrder | undefined,
  byAdmin = false,
): Verdict {
  if (known.retired !== undefined) return 'is-retired';
  if (!byAdmin && !mayWrite(known.source, source)) return 'owned';
  if (order !== undefined && known.order !== undefined) {
    const age = compareOrders(order, known.order);
    if (age === 0) return 'duplicate';
    if (age < 0) return 'replayed';
  }
  return known.digest === registration.digest ? 'unchanged' : 'changed';
}

/**
 * Who may write over whom: a proof of the fleet alone never over a proof of the identity, a token never over a key or
 * a certificate. Whether a key is the enrolled one was proven before.
 */
export function mayWrite(stored: Source, incoming: Source): boolean {
  return RANK[incoming.proof] >= RANK[stored.proof];
}

const RANK: Readonly<Record<Source['proof'], number>> = { shared: 0, token: 1, certificate: 2, key: 2 };

/**
 * True where a node not known by its identity takes over the document of another identity with the same fqdn: the
 * newcomer calls itself by that fqdn, and the owner of the document is not bound to it by key or certificate, nor by
 * another token than the newcomer's. So a node renamed to its full name keeps its document, clones that all say one fqdn
 * keep a document each, and no node takes another's by claiming its fqdn.
 */
export function mayAdopt(stored: KnownNode, incoming: Source, byAdmin = false): boolean {
  if (stored.retired !== undefined || RANK[stored.source.proof] >= RANK.key) return false;
  if (stored.source.proof === 'token' && incoming.proof === 'token') {
    return byAdmin || stored.source.callerid === incoming.callerid;
  }
  return mayWrite(stored.source, incoming);
}

function compareOrders(a: MessageOrder, b: MessageOrder): number {
  return a.msgtime - b.msgtime || a.sequence - b.sequence;
}
