import { type Account, shownDuration } from '../../core/index.ts';
import { inertText } from '../text.ts';

/** An account, and where it is known how old the data of the matched nodes is. */
export interface AccountView {
  readonly account: Account;
  /** Seconds since the matched nodes were last heard, in any order. */
  readonly ages?: readonly number[];
}

/** The account in sentences, one a line: how many nodes matched, did not, cannot be told, and why. */
export function renderAccount({ account, ages }: AccountView): string {
  const lines = [counts(account)];
  if (account.matchedThoughUnknown > 0) {
    lines.push(`${account.matchedThoughUnknown} of the matched have no such fact and match by a negation`);
  }
  for (const other of account.otherType) {
    lines.push(
      `${nodes(other.nodes)} ${other.nodes === 1 ? 'has' : 'have'} ${inertText(other.path)} as ${other.met.join(' or ')}, ${other.operator} asked for ${other.asked}`,
    );
  }
  if (ages !== undefined && ages.length > 0) {
    const sorted = [...ages].sort((a, b) => a - b);
    const newest = shownDuration(sorted[0] as number);
    const oldest = shownDuration(sorted.at(-1) as number);
    lines.push(`Last heard ${newest === oldest ? '' : `${newest} to `}${oldest} ago`);
  }
  return lines.map((line) => `${line}\n`).join('');
}

function counts({ total, matched, notMatched, unknown, missing }: Account): string {
  const silent = missing === 0 ? '' : ` (${missing} of them missing)`;
  return `${nodes(total)}: ${matched} matched, ${notMatched} did not, ${unknown} cannot be told${silent}`;
}

function nodes(count: number): string {
  return count === 1 ? '1 node' : `${count} nodes`;
}
