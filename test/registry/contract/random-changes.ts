import type { NodeChange } from '../../../registry/index.ts';
import type { Random } from '../../random.ts';
import { forget, register, restore, retire } from './fixtures.ts';

/** A change to one of a few nodes: mostly registrations, half of them with the same content. */
export function randomChange(random: Random, round: number): NodeChange {
  const identity = `n${random.below(30)}${random.below(6) === 0 ? '.acme.net' : ''}`;
  const at = 1_789_000_000 + round;
  switch (random.below(14)) {
    case 0:
      return retire(identity, at);
    case 1:
      return restore(identity, at);
    case 2:
      return forget(identity, at);
    default:
      return register(identity, {
        at,
        facts: { version: random.below(2), load_averages: { '1m': random.below(3) } },
        fqdn: random.below(2) === 0 ? identity : `${identity.split('.')[0]}.acme.net`,
        proof: random.below(3) === 0 ? 'shared' : 'token',
      });
  }
}
