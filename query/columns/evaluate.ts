import type { Account, EpochSeconds, NodeState, OtherType } from '../../core/index.ts';
import { shownPath } from '../../core/index.ts';
import type { AnswerOptions } from '../answers.ts';
import { type BitPool, type Bits, countBits, countBoth, orInto, putBit } from './bits.ts';
import { MATCHES, MET_SHIFT, UNKNOWN } from './column.ts';
import { evaluateLeaf, type LeafContext, leafAt } from './leaf.ts';
import { LeafBits } from './leaf-bits.ts';
import type { Sliced } from './pace.ts';
import { type LeafPlan, leavesOf, type Plan } from './plan.ts';
import { keepStates } from './states.ts';
import type { RowWatcher, Table } from './table.ts';
import { isShared, joinTruth, negateTruth, separate, type TruthBits, truthOfLeaf, truthOfNone } from './truth.ts';

/*
 * A whole query on all rows. The evaluation may take many slices while writes go on: rows written meanwhile are noted and
 * evaluated again by themselves at the end, in one go with counting, so that an answer is true of one moment.
 */

/** What a query says of all nodes. */
export interface Evaluation {
  /** Rows to give: live or of the states asked for, matched by MongoDB's rule, known where asked. Owned by the caller. */
  readonly rows: Bits;
  /** How many. */
  readonly count: number;
  readonly account: Account;
  /** The moment of which all this is true. */
  readonly now: EpochSeconds;
}

/** What is asked beside the query. */
export type EvaluationOptions = Pick<AnswerOptions, 'requireKnown' | 'states'>;

/** Sets of the types that leaves met, by leaf. */
type MetByLeaf = Map<LeafPlan, LeafBits>;

/** Leaves on rows that are evaluated again in one go with counting; more are done in slices before. */
const MENDED_AT_ONCE_MAX = 2_000;
/** Rounds of that, each over what was written during the one before; then writes wait until the rest is done. */
const MENDING_ROUNDS_MAX = 4;

/** Evaluates a query. Throws {@link TableOutgrown} where the table has grown meanwhile. */
export function* evaluate(
  plan: Plan,
  context: LeafContext,
  now: () => EpochSeconds,
  options: EvaluationOptions,
): Sliced<Evaluation> {
  const { table, pool } = context;
  const written = new WrittenRows();
  const met: MetByLeaf = new Map();
  let release: (() => void) | undefined;
  table.watchers.add(written);
  try {
    const truth = yield* truthOf(plan, context, met);
    const leaves = leavesOf(plan);
    for (let round = 1; written.rows.size * leaves.length > MENDED_AT_ONCE_MAX; round++) {
      if (round === MENDING_ROUNDS_MAX) release = (yield context.hold()) as () => void;
      for (const row of written.take()) {
        mend(plan, table, row, leaves, truth, met, pool);
        if (context.pace.due()) yield;
      }
    }
    for (const row of written.take()) mend(plan, table, row, leaves, truth, met, pool);
    if (table.cache.words !== pool.words) throw new TableOutgrown();
    return conclude(leaves, truth, met, context, now(), options);
  } finally {
    release?.();
    table.watchers.delete(written);
  }
}

/** Thrown where the table has made room meanwhile and sets are too short: evaluate again with longer ones. */
export class TableOutgrown extends Error {}

class WrittenRows implements RowWatcher {
  rows = new Set<number>();

  touched(row: number): void {
    this.rows.add(row);
  }

  /** What was written since this was last called. */
  take(): ReadonlySet<number> {
    const { rows } = this;
    if (rows.size > 0) this.rows = new Set();
    return rows;
  }
}

function* truthOf(plan: Plan, context: LeafContext, met: MetByLeaf): Sliced<TruthBits> {
  const { pool } = context;
  if (plan.kind === 'leaf') {
    const leaf = yield* evaluateLeaf(plan, context);
    if (leaf.met.length > 0) met.set(plan, leaf);
    if (context.pace.due()) yield;
    return truthOfLeaf(leaf, pool);
  }
  const kind = plan.kind === 'and' ? 'and' : 'or';
  let joined: TruthBits | undefined;
  for (const part of plan.of) {
    const truth = yield* truthOf(part, context, met);
    if (joined === undefined) joined = truth;
    else joinTruth(joined, truth, kind, pool);
  }
  joined ??= truthOfNone(pool, kind === 'and');
  if (plan.kind === 'nor') negateTruth(joined);
  return joined;
}

/** What a plan says of one row. */
function truthAt(plan: Plan, table: Table, row: number): { matched: boolean; certain: boolean; possible: boolean } {
  if (plan.kind === 'leaf') {
    const code = leafAt(plan, table, row);
    const matched = (code & MATCHES) !== 0;
    const unknown = (code & UNKNOWN) !== 0;
    return { matched, certain: matched && !unknown, possible: matched || unknown };
  }
  const parts = plan.of.map((part) => truthAt(part, table, row));
  if (plan.kind === 'and') {
    return {
      matched: parts.every((part) => part.matched),
      certain: parts.every((part) => part.certain),
      possible: parts.every((part) => part.possible),
    };
  }
  const or = {
    matched: parts.some((part) => part.matched),
    certain: parts.some((part) => part.certain),
    possible: parts.some((part) => part.possible),
  };
  return plan.kind === 'or' ? or : { matched: !or.matched, certain: !or.possible, possible: !or.certain };
}

/** Evaluates a row again that was written while the rest was evaluated. */
function mend(
  plan: Plan,
  table: Table,
  row: number,
  leaves: readonly LeafPlan[],
  truth: TruthBits,
  met: MetByLeaf,
  pool: BitPool,
): void {
  const { matched, certain, possible } = truthAt(plan, table, row);
  if (certain !== matched || possible !== matched) separate(truth, pool);
  putBit(truth.matched, row, matched);
  if (!isShared(truth)) {
    putBit(truth.certain, row, certain);
    putBit(truth.possible, row, possible);
  }
  for (const leaf of leaves) {
    if (leaf.asked === 0) continue;
    const code = leafAt(leaf, table, row);
    let bits = met.get(leaf);
    if (bits === undefined && code >>> MET_SHIFT !== 0) {
      bits = new LeafBits(pool, 0);
      pool.give(bits.matched);
      met.set(leaf, bits);
    }
    bits?.putTypes(row, code);
  }
}

function conclude(
  leaves: readonly LeafPlan[],
  truth: TruthBits,
  met: MetByLeaf,
  context: LeafContext,
  now: EpochSeconds,
  { requireKnown = false, states }: EvaluationOptions,
): Evaluation {
  const { table, pool } = context;
  const { book } = table;
  const missing = book.missingAt(now, table.stateRule.expireAfterSeconds);
  const { live } = book;
  const { matched, certain, possible } = truth;
  const inStates = states === undefined ? undefined : rowsInStates(states, truth, context, now, requireKnown);
  let unknown = 0;
  let both = 0;
  if (isShared(truth)) {
    for (let i = 0; i < matched.length; i++) matched[i] = (matched[i] as number) & (live[i] as number);
  } else {
    for (let i = 0; i < matched.length; i++) {
      const alive = live[i] as number;
      // What was possible and certain becomes what is unknown.
      possible[i] = (possible[i] as number) & ~(certain[i] as number) & alive;
      matched[i] = (matched[i] as number) & alive;
    }
    unknown = countBits(possible);
    both = countBoth(possible, matched);
    if (requireKnown && both > 0) {
      for (let i = 0; i < matched.length; i++) matched[i] = (matched[i] as number) & ~(possible[i] as number);
      both = 0;
    }
    pool.give(certain);
    pool.give(possible);
  }
  const count = countBits(matched);
  const unknownOnly = unknown - both + missing;
  const account: Account = {
    total: book.serving,
    matched: count,
    notMatched: book.serving - count - unknownOnly,
    unknown: unknownOnly,
    matchedThoughUnknown: both,
    missing,
    otherType: otherTypes(leaves, met, live, pool),
  };
  releaseMet(met);
  if (inStates === undefined) return { rows: matched, count, account, now };
  pool.give(matched);
  return { rows: inStates, count: countBits(inStates), account, now };
}

/** Rows that match and are in one of the states, from a truth of all rows; `live` is of the moment. */
function rowsInStates(
  states: readonly NodeState[],
  { matched, certain, possible }: TruthBits,
  { table, pool }: LeafContext,
  now: EpochSeconds,
  requireKnown: boolean,
): Bits {
  const rows = pool.take();
  for (let i = 0; i < rows.length; i++) {
    const unknown = requireKnown ? (possible[i] as number) & ~(certain[i] as number) : 0;
    rows[i] = (matched[i] as number) & ~unknown;
  }
  keepStates(rows, states, table, now);
  return rows;
}

function otherTypes(leaves: readonly LeafPlan[], met: MetByLeaf, live: Bits, pool: BitPool): readonly OtherType[] {
  if (met.size === 0) return [];
  const found: OtherType[] = [];
  for (const leaf of leaves) {
    const bits = met.get(leaf);
    if (bits === undefined || leaf.typed === undefined) continue;
    const any = pool.takeEmpty();
    const types: string[] = [];
    bits.met.forEach((rows, place) => {
      if (rows === undefined || countBoth(rows, live) === 0) return;
      types.push(TYPE_NAMES[place] as string);
      orInto(any, rows);
    });
    const nodes = countBoth(any, live);
    pool.give(any);
    if (nodes > 0) {
      const { operator, asked } = leaf.typed;
      found.push({ path: shownPath(leaf.path), operator, asked, met: types, nodes });
    }
  }
  return found;
}

/** By the place of a type's bit. */
const TYPE_NAMES: readonly string[] = ['number', 'string', 'bool', 'object', 'array', 'null'];

function releaseMet(met: MetByLeaf): void {
  for (const leaf of met.values()) leaf.releaseMet();
}
