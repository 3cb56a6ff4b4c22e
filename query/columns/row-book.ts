import { type EpochSeconds, type Identity, type IdentityKey, identityKey } from '../../core/index.ts';
import { andNot, type Bits, clearBit, countBits, hasBit, putBit, setBit, wordsFor } from './bits.ts';
import { capacityFor } from './column.ts';
import { IdentityOrder } from './identity-order.ts';
import { NumberColumn } from './number-column.ts';

/*
 * Which node stands at which row, in which order rows are given, and which rows count: those in service (not retired),
 * and of these the live ones (not missing either).
 */

/** Share of the capacity beyond which room for more rows is made ahead of need. */
const AHEAD_SHARE = 0.8;

/** The rows of a table. */
export class RowBook {
  readonly identities: (Identity | undefined)[] = [];
  readonly keys: (IdentityKey | undefined)[] = [];
  readonly #rowOf = new Map<IdentityKey, number>();
  readonly order = new IdentityOrder((row) => this.keys[row] as IdentityKey);
  lastseen: NumberColumn;
  #free: number[] = [];
  /** Counts how often a row was given out, so that whoever kept its number sees that it is another node's now. */
  #incarnations = new Uint32Array(0);
  /** Rows are below this. */
  end = 0;
  /** Rows sets and columns have room for. */
  capacity: number;
  inService: Bits;
  /** In service and heard of within expireAfter. */
  live: Bits;
  #serving = 0;
  /** Seconds: `live` is right until then, and from the time it was made at. */
  #liveUntil = Number.NEGATIVE_INFINITY;
  #liveFrom = Number.POSITIVE_INFINITY;
  #missing = 0;

  constructor(capacity: number, lastseen = new NumberColumn()) {
    this.capacity = capacityFor(capacity);
    this.lastseen = lastseen;
    this.inService = new Uint32Array(wordsFor(this.capacity));
    this.live = new Uint32Array(wordsFor(this.capacity));
    this.#incarnations = new Uint32Array(this.capacity);
  }

  /** Rows in use, retired nodes too. */
  get used(): number {
    return this.#rowOf.size;
  }

  /** Nodes in service. */
  get serving(): number {
    return this.#serving;
  }

  /** The row of a node, undefined where it has none. */
  find(key: IdentityKey): number | undefined {
    return this.#rowOf.get(key);
  }

  /** The row of a node, made where it has none. `capacity` may have to grow before: see {@link roomFor}. */
  take(identity: Identity): number {
    const key = identityKey(identity);
    const known = this.#rowOf.get(key);
    if (known !== undefined) {
      this.identities[known] = identity;
      return known;
    }
    const row = this.#free.pop() ?? this.end++;
    this.identities[row] = identity;
    this.keys[row] = key;
    this.#incarnations[row] = (this.#incarnations[row] as number) + 1;
    this.#rowOf.set(key, row);
    this.order.add(row);
    return row;
  }

  /** A node is forgotten. Its row is given out again once the order is settled. */
  release(row: number, expireAfterSeconds: number): void {
    this.serve(row, false, expireAfterSeconds);
    this.#rowOf.delete(this.keys[row] as IdentityKey);
    this.identities[row] = undefined;
    this.order.remove(row);
  }

  /** The rows in the order of identity. */
  settled(): { readonly rows: Uint32Array; readonly length: number } {
    const settled = this.order.settled();
    for (const row of settled.freed) {
      // The same identity may have come back at another row; this one is empty.
      this.keys[row] = undefined;
      this.#free.push(row);
    }
    return settled;
  }

  incarnation(row: number): number {
    return this.#incarnations[row] as number;
  }

  /** Rows to make room for now so that the next ones find it; 0 where there is enough. */
  get wantedCapacity(): number {
    return this.end < this.capacity * AHEAD_SHARE ? 0 : this.capacity * 2;
  }

  /** True where another new row would not fit. */
  get full(): boolean {
    return this.end >= this.capacity && this.#free.length === 0;
  }

  /** Makes room; columns do it for themselves. */
  grow(capacity: number): void {
    const words = wordsFor(capacity);
    const larger = (bits: Bits, length: number): Uint32Array<ArrayBuffer> => {
      const made = new Uint32Array(length);
      made.set(bits);
      return made;
    };
    this.inService = larger(this.inService, words);
    this.live = larger(this.live, words);
    this.#incarnations = larger(this.#incarnations, capacity);
    this.capacity = capacity;
  }

  /** Puts a row in service, its lastseen known, or takes it out. */
  serve(row: number, on: boolean, expireAfterSeconds: number): void {
    if (hasBit(this.inService, row) === on) return;
    putBit(this.inService, row, on);
    this.#serving += on ? 1 : -1;
    if (!on) {
      if (hasBit(this.live, row)) clearBit(this.live, row);
      else this.#missing -= 1;
    } else if (this.lastseen.number(row) + expireAfterSeconds >= this.#liveUntil) setBit(this.live, row);
    else this.#liveUntil = Number.NEGATIVE_INFINITY;
  }

  /** A node was heard of: where it was missing it is not any more. */
  heard(row: number, expireAfterSeconds: number): void {
    if (!hasBit(this.inService, row) || this.#liveUntil === Number.NEGATIVE_INFINITY) return;
    const missingFrom = this.lastseen.number(row) + expireAfterSeconds;
    if (missingFrom >= this.#liveUntil && hasBit(this.live, row)) return;
    if (missingFrom >= this.#liveUntil) {
      setBit(this.live, row);
      this.#missing -= 1;
    } else this.#liveUntil = Number.NEGATIVE_INFINITY;
  }

  /** Nodes in service that are missing now; brings `live` up to date. */
  missingAt(now: EpochSeconds, expireAfterSeconds: number): number {
    if (now > this.#liveUntil || now < this.#liveFrom) this.#recount(now, expireAfterSeconds);
    return this.#missing;
  }

  /** Begins with rows known already, as from a snapshot: identities by row, and the rows in order. */
  restore(
    identities: readonly (Identity | null)[],
    order: Uint32Array<ArrayBuffer>,
    retired: (row: number) => boolean,
  ): void {
    this.end = identities.length;
    for (let row = 0; row < identities.length; row++) {
      const identity = identities[row];
      if (identity === null || identity === undefined) {
        this.#free.push(row);
        this.identities[row] = undefined;
        this.keys[row] = undefined;
        continue;
      }
      const key = identityKey(identity);
      this.identities[row] = identity;
      this.keys[row] = key;
      this.#rowOf.set(key, row);
      if (!retired(row)) setBit(this.inService, row);
    }
    this.#serving = countBits(this.inService);
    this.order.restore(order);
  }

  #recount(now: EpochSeconds, expireAfterSeconds: number): void {
    const missing = new Uint32Array(this.live.length);
    const heardSince = now - expireAfterSeconds;
    let oldest = Number.POSITIVE_INFINITY;
    const values = this.lastseen.values;
    const end = Math.min(this.end, values.length);
    for (let row = 0; row < end; row++) {
      if (!hasBit(this.inService, row)) continue;
      const lastseen = values[row] as number;
      if (lastseen < heardSince) setBit(missing, row);
      else if (lastseen < oldest) oldest = lastseen;
    }
    andNot(this.live, this.inService, missing);
    this.#missing = this.#serving - countBits(this.live);
    this.#liveFrom = now;
    // Nobody becomes missing before the one silent longest of those that are not.
    this.#liveUntil = oldest + expireAfterSeconds;
  }
}
