import { andInto, type BitPool, type Bits, orInto } from './bits.ts';
import type { LeafBits } from './leaf-bits.ts';

/*
 * What a condition says of every row, as three sets: matched (MongoDB's rule), certain (true whatever the unknown facts
 * are) and possible (not false). Unknown are the rows that are possible and not certain. Where nothing is unknown the
 * three are one and the same set; where something is, they are three.
 */

/** Three sets, owned; all the same one, or each its own. */
export interface TruthBits {
  matched: Bits;
  certain: Bits;
  possible: Bits;
}

/** The truth of a leaf; takes its sets over. */
export function truthOfLeaf(leaf: LeafBits, pool: BitPool): TruthBits {
  const { matched, unknown } = leaf;
  if (unknown === undefined) return { matched, certain: matched, possible: matched };
  let any = 0;
  for (let i = 0; i < unknown.length; i++) any |= unknown[i] as number;
  if (any === 0) {
    pool.give(unknown);
    return { matched, certain: matched, possible: matched };
  }
  const certain = pool.take();
  for (let i = 0; i < matched.length; i++) {
    certain[i] = (matched[i] as number) & ~(unknown[i] as number);
    unknown[i] = (matched[i] as number) | (unknown[i] as number);
  }
  return { matched, certain, possible: unknown };
}

/** The truth of no condition at all: true for `and`, false for `or`. */
export function truthOfNone(pool: BitPool, value: boolean): TruthBits {
  const bits = pool.take().fill(value ? -1 : 0);
  return { matched: bits, certain: bits, possible: bits };
}

/** `into` becomes both together; `other` is given back. */
export function joinTruth(into: TruthBits, other: TruthBits, kind: 'and' | 'or', pool: BitPool): void {
  const combine = kind === 'and' ? andInto : orInto;
  if (!isShared(other)) separate(into, pool);
  combine(into.matched, other.matched);
  if (!isShared(into)) {
    combine(into.certain, other.certain);
    combine(into.possible, other.possible);
  }
  releaseTruth(other, pool);
}

/** Each set becomes what it was not; certain and possible change places. */
export function negateTruth(truth: TruthBits): void {
  invert(truth.matched);
  if (isShared(truth)) return;
  const { certain, possible } = truth;
  invert(certain);
  invert(possible);
  truth.certain = possible;
  truth.possible = certain;
}

/** Gives the sets back. */
export function releaseTruth(truth: TruthBits, pool: BitPool): void {
  pool.give(truth.matched);
  if (isShared(truth)) return;
  pool.give(truth.certain);
  pool.give(truth.possible);
}

/** Makes three sets of one. */
export function separate(truth: TruthBits, pool: BitPool): void {
  if (!isShared(truth)) return;
  truth.certain = pool.take();
  truth.certain.set(truth.matched);
  truth.possible = pool.take();
  truth.possible.set(truth.matched);
}

/** True where nothing is unknown and the three are one. */
export function isShared(truth: TruthBits): boolean {
  return truth.certain === truth.matched;
}

function invert(bits: Bits): void {
  for (let i = 0; i < bits.length; i++) bits[i] = ~(bits[i] as number);
}
