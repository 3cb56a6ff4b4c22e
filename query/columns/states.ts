import { type EpochSeconds, type NodeState, nodeState } from '../../core/index.ts';
import type { Bits } from './bits.ts';
import type { Table } from './table.ts';

/**
 * Leaves in a set only rows in use whose nodes are in one of the states at a time. `book.live` must be of that time:
 * what is missing is what serves and does not live, and only lateness is computed row by row.
 */
export function keepStates(rows: Bits, states: readonly NodeState[], table: Table, now: EpochSeconds): void {
  const { book, stateRule } = table;
  const intervals = table.tree.root.children.get('interval')?.column;
  const [fresh, late] = [states.includes('fresh'), states.includes('late')];
  const [missing, retired] = [states.includes('missing'), states.includes('retired')];
  const isAsked = (row: number): boolean => {
    const interval = intervals?.get(row);
    const node = { lastseen: book.lastseen.number(row), interval: typeof interval === 'number' ? interval : null };
    return (nodeState(node, now, stateRule) === 'late') === late;
  };
  // Only nodes in service have bits in `inService`; other bits may stand for rows that nobody has.
  const isUsed = (row: number): boolean => book.identities[row] !== undefined;
  for (let i = 0; i < rows.length; i++) {
    const word = rows[i] as number;
    if (word === 0) continue;
    const [live, serving] = [book.live[i] as number, book.inService[i] as number];
    let kept = missing ? word & serving & ~live : 0;
    if (fresh && late) kept |= word & live;
    else if (fresh || late) kept |= bitsWhere(i, word & live, isAsked);
    if (retired) kept |= bitsWhere(i, word & ~serving, isUsed);
    rows[i] = kept;
  }
}

/** Of the bits of a word, those whose rows pass. */
function bitsWhere(at: number, word: number, passes: (row: number) => boolean): number {
  let kept = 0;
  for (let rest = word; rest !== 0; ) {
    const lowest = rest & -rest;
    if (passes((at << 5) + (31 - Math.clz32(lowest)))) kept |= lowest;
    rest ^= lowest;
  }
  return kept;
}
