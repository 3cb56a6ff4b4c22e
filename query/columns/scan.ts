import type { Json } from '../../core/index.ts';
import { clearBit, setBit } from './bits.ts';
import { type Code, MATCHES, MET_SHIFT, UNKNOWN } from './column.ts';
import type { DictionaryColumn } from './dictionary-column.ts';
import type { LeafContext } from './leaf.ts';
import type { LeafBits } from './leaf-bits.ts';
import { literalTest } from './literal-scan.ts';
import type { NumberColumn } from './number-column.ts';
import type { Sliced } from './pace.ts';
import type { Column } from './path-tree.ts';
import { codeOf, type LeafPlan, type NumberRange } from './plan.ts';
import type { TextColumn } from './text-column.ts';
import { TYPE_BITS } from './values.ts';

/*
 * A leaf over all values of one column. `rest` is what remains of the path below the column: then only arrays can hold
 * it, and all other rows stay as they are.
 */

/** Values between two looks at the clock. */
const VALUES_BETWEEN_LOOKS = 128;

/** Puts what the leaf says of each row that has a value in the column. */
export function* scanColumn(
  plan: LeafPlan,
  column: Column,
  rest: readonly string[],
  result: LeafBits,
  context: LeafContext,
): Sliced<void> {
  const onlyArrays = rest.length > 0;
  switch (column.kind) {
    case 'sparse': {
      let count = 0;
      for (const [row, value] of column.entries()) {
        if (!onlyArrays || Array.isArray(value)) result.put(row, codeOf(plan, value, rest));
        if (++count % VALUES_BETWEEN_LOOKS === 0 && context.pace.due()) yield;
      }
      return;
    }
    case 'dictionary':
      yield* scanDictionary(plan, column, rest, result, context);
      return;
    case 'number':
      if (!onlyArrays) yield* scanNumbers(plan, column, result, context);
      else
        for (const [row, value] of column.others) if (Array.isArray(value)) result.put(row, codeOf(plan, value, rest));
      return;
    case 'text':
      yield* scanTexts(plan, column, rest, result, context);
  }
}

/** Says of each distinct value, then of each row by its id. */
function* scanDictionary(
  plan: LeafPlan,
  column: DictionaryColumn,
  rest: readonly string[],
  result: LeafBits,
  context: LeafContext,
): Sliced<void> {
  const { values } = column.dictionary;
  const codes = new Uint8Array(values.length);
  codes[0] = plan.absent;
  let types = 0;
  for (let id = 1; id < codes.length; id++) {
    const value = values[id];
    if (value === undefined) continue;
    const code = rest.length > 0 && !Array.isArray(value) ? plan.absent : codeOf(plan, value, rest);
    codes[id] = code;
    types |= code >>> MET_SHIFT;
    if (id % VALUES_BETWEEN_LOOKS === 0 && context.pace.due()) yield;
  }
  if (rest.length === 0) {
    spread(column, codes, result);
    if (types !== 0) spreadTypes(column, codes, types, result);
  } else putArrays(column, codes, result);
}

/** Word by word over all rows: a column's own path decides every row that has a value, the others are at `absent`. */
function spread(column: DictionaryColumn, codes: Uint8Array, result: LeafBits): void {
  const { ids } = column;
  const { matched, unknown } = result;
  const end = Math.min(ids.length, matched.length * 32);
  for (let word = 0; word << 5 < end; word++) {
    const from = word << 5;
    let matches = 0;
    for (let bit = 0; bit < 32; bit++) matches |= ((codes[ids[from + bit] as number] as number) & MATCHES) << bit;
    matched[word] = matches;
  }
  if (unknown === undefined) return;
  for (let word = 0; word << 5 < end; word++) {
    const from = word << 5;
    let unknowns = 0;
    for (let bit = 0; bit < 32; bit++) {
      unknowns |= (((codes[ids[from + bit] as number] as number) & UNKNOWN) >>> 1) << bit;
    }
    unknown[word] = unknowns;
  }
}

function spreadTypes(column: DictionaryColumn, codes: Uint8Array, types: number, result: LeafBits): void {
  const { ids } = column;
  for (let place = 0; types >>> place !== 0; place++) {
    const flag = 1 << (place + MET_SHIFT);
    if ((types & (1 << place)) === 0) continue;
    const bits = result.metBits(place);
    const end = Math.min(ids.length, bits.length * 32);
    for (let row = 0; row < end; row++) {
      if (((codes[ids[row] as number] as number) & flag) !== 0)
        bits[row >>> 5] = (bits[row >>> 5] as number) | (1 << (row & 31));
    }
  }
}

/** Rows whose value here is an array; the leaf's path is below it. */
function putArrays(column: DictionaryColumn, codes: Uint8Array, result: LeafBits): void {
  const { ids, dictionary } = column;
  const isArray = new Uint8Array(codes.length);
  for (let id = 1; id < codes.length; id++) isArray[id] = Array.isArray(dictionary.values[id]) ? 1 : 0;
  const end = Math.min(ids.length, result.matched.length * 32);
  for (let row = 0; row < end; row++) {
    const id = ids[row] as number;
    if (isArray[id] === 1) result.put(row, codes[id] as Code);
  }
}

function* scanNumbers(plan: LeafPlan, column: NumberColumn, result: LeafBits, context: LeafContext): Sliced<void> {
  for (const [row, value] of column.others) result.put(row, codeOf(plan, value, []));
  if (plan.range !== undefined) {
    scanRange(plan.range, column, result);
    return;
  }
  for (let row = 0; row < column.values.length; row++) {
    const value = column.values[row] as number;
    if (!Number.isNaN(value)) result.put(row, codeOf(plan, value, []));
    if (row % VALUES_BETWEEN_LOOKS === 0 && context.pace.due()) yield;
  }
}

/** Rows without a number are NaN and in no range; what is said of them stays, since no range holds for nothing. */
function scanRange(range: NumberRange, column: NumberColumn, result: LeafBits): void {
  const { low, high, lowIncluded, highIncluded } = range;
  const { values } = column;
  const { matched, unknown } = result;
  const end = Math.min(values.length, matched.length * 32);
  for (let word = 0; word << 5 < end; word++) {
    const from = word << 5;
    let matches = 0;
    let present = 0;
    for (let bit = 0; bit < 32; bit++) {
      const value = values[from + bit] as number;
      if (Number.isNaN(value)) continue;
      present |= 1 << bit;
      if ((value > low || (lowIncluded && value === low)) && (value < high || (highIncluded && value === high))) {
        matches |= 1 << bit;
      }
    }
    matched[word] = ((matched[word] as number) & ~present) | matches;
    if (unknown !== undefined) unknown[word] = (unknown[word] as number) & ~present;
  }
}

function* scanTexts(
  plan: LeafPlan,
  column: TextColumn,
  rest: readonly string[],
  result: LeafBits,
  context: LeafContext,
): Sliced<void> {
  const onlyArrays = rest.length > 0;
  const literal = onlyArrays ? undefined : literalTest(plan, column);
  const expected = plan.asked === 0 || (plan.asked & TYPE_BITS.string) !== 0;
  const test = plan.compiled;
  const read = column.reader();
  const end = Math.min(column.shapes.length, result.matched.length * 32);
  for (let row = 0; row < end; row++) {
    if (row % VALUES_BETWEEN_LOOKS === 0 && context.pace.due()) {
      yield;
      literal?.renew();
    }
    const quick = literal?.matches(row);
    if (quick !== undefined) {
      if (quick) setBit(result.matched, row);
      else clearBit(result.matched, row);
      if (result.unknown !== undefined) clearBit(result.unknown, row);
      continue;
    }
    const value = read(row) as Json | undefined;
    if (value === undefined || (onlyArrays && !Array.isArray(value))) continue;
    if (typeof value === 'string' && expected && result.met.length === 0) {
      const at = row >>> 5;
      const bit = 1 << (row & 31);
      if (test.at(value, rest)) result.matched[at] = (result.matched[at] as number) | bit;
      else result.matched[at] = (result.matched[at] as number) & ~bit;
      if (result.unknown !== undefined) result.unknown[at] = (result.unknown[at] as number) & ~bit;
    } else result.put(row, codeOf(plan, value, rest));
  }
}
