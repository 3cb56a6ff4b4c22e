import type { Account, NodeState } from '../core/index.ts';
import { renderAccount } from '../renderers/index.ts';
import type { CommandIo } from './io.ts';

/** Tells on standard error that nobody matched, and what might be the reason: unknown nodes, values of other types. */
export function tellNobody(account: Account, io: CommandIo, states?: readonly NodeState[]): void {
  const node = states === undefined ? 'node' : `${states.join(' or ')} node`;
  io.stderr.write(
    account.total === 0 ? `No ${node} is registered yet\n` : `No ${node} matched\n${renderAccount({ account })}`,
  );
}
