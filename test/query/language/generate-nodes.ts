import type { Json, NodeDocument } from '../../../core/index.ts';
import type { Random } from '../../random.ts';
import { nodeDocument } from './node-documents.ts';

/*
 * Made-up node documents, for the oracle and for whoever compares two ways to answer. The same seed gives the same.
 */

const TEXTS = [
  'acme',
  'emca',
  'production',
  'Development',
  'a',
  '',
  '8',
  'true',
  'web.1',
  'grüße',
  'two\nlines',
  '𐐷x',
  '￼y',
];
const NUMBERS = [0, -0, 1, 2, 3, 8, -5, 2.5, -2.5, 7.9, 1e300, 9_007_199_254_740_991, 1_789_000_000];
const BIG = ['9007199254740993', '-9007199254740993', '18446744073709551616'];

/** Any scalar. */
export function scalar(random: Random): Json {
  const kind = random.next();
  if (kind < 0.42) return random.pick(TEXTS);
  if (kind < 0.8) return random.pick(NUMBERS);
  if (kind < 0.88) return random.chance(0.5);
  if (kind < 0.94) return null;
  return random.pick(BIG);
}

/** None to `most` of what is made. */
export const few = <T>(random: Random, most: number, make: () => T): T[] =>
  Array.from({ length: random.below(most + 1) }, make);

/** A document as it stands in the array of disks, with parts missing. */
export function disk(random: Random): Json {
  const fields: Record<string, Json> = {};
  if (random.chance(0.85)) fields.name = random.pick(['sda', 'sdb', 'sdc']);
  if (random.chance(0.8)) fields.size = random.chance(0.85) ? random.pick([1, 2, 3, 8, 2.5]) : scalar(random);
  if (random.chance(0.4)) fields.parts = few(random, 3, () => random.pick<Json>([1, 2, 'a', 'x']));
  if (random.chance(0.15)) fields.meta = random.chance(0.5) ? { kind: 'ssd' } : null;
  return fields;
}

/** What may stand at each fact; a fact is there with its probability. */
export const FACTS: readonly (readonly [
  path: readonly string[],
  probability: number,
  make: (random: Random) => Json,
])[] = [
  [['customer'], 0.95, (r) => r.pick(['acme', 'emca', 'globex'])],
  [['cores'], 0.85, (r) => (r.chance(0.6) ? r.pick([1, 2, 3, 8]) : r.pick<Json>(['1', '2', '8', null, true]))],
  [['mixed'], 0.8, scalar],
  [['flag'], 0.7, (r) => r.pick<Json>([true, false, 'true', 'false', null, 1])],
  [['os', 'name'], 0.85, (r) => r.pick(['Debian', 'CentOS', 'debian', 'Ubuntu'])],
  [['os', 'release', 'major'], 0.75, (r) => r.pick<Json>(['12', 12, '11', 11, 7.9])],
  [
    ['tags'],
    0.7,
    (r) => (r.chance(0.85) ? few(r, 4, () => r.pick<Json>(['a', 'b', 'x', 1, 2, 8, null, true])) : scalar(r)),
  ],
  [
    ['disks'],
    0.7,
    (r) => (r.chance(0.92) ? few(r, 3, () => disk(r)) : r.pick<Json>([disk(r), [1, disk(r), 'x'], null])),
  ],
  [['matrix'], 0.3, (r) => few(r, 2, () => (r.chance(0.7) ? few(r, 2, () => r.pick<Json>([1, 2, 'a'])) : scalar(r)))],
  [['net', 'eth0.100', 'ip'], 0.6, (r) => r.pick(['10.0.0.1', '10.0.0.2', '10.1.0.1'])],
  [['$odd'], 0.5, (r) => r.pick<Json>(['acme', 1, { $gt: 1 }])],
  [['per%cent'], 0.4, (r) => r.pick<Json>([1, 2, 'a'])],
  [['__proto__'], 0.4, (r) => r.pick<Json>(['a', { b: 1 }])],
  [['deep', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], 0.5, (r) => r.pick<Json>([1, 'a', [1, 2], { i: 1 }])],
  [['big'], 0.6, (r) => r.pick<Json>([...BIG, 9_007_199_254_740_991, 1e300, 3])],
  [
    ['shape'],
    0.6,
    (r) => r.pick<Json>([{}, [], { a: 1 }, { a: 1, b: 'x' }, { b: 'x', a: 1 }, { 0: 'zero' }, ['zero'], null]),
  ],
];

/** Node documents, facts coded as they are stored. */
export function generateNodes(random: Random, count: number): NodeDocument[] {
  return Array.from({ length: count }, (_, i) => {
    const facts = Object.create(null) as Record<string, unknown>;
    for (const [path, probability, make] of FACTS) if (random.chance(probability)) place(facts, path, make(random));
    return nodeDocument({
      identity: `node${String(i).padStart(3, '0')}.${random.pick(['acme', 'emca'])}.net`,
      facts,
      classes: [
        'common',
        ...few(random, 3, () => random.pick(['apache', 'mysql::master', 'mysql::slave', 'role::db'])),
      ],
      agentlist: ['discovery', ...few(random, 2, () => random.pick(['rpcutil', 'nrpe', 'package']))],
      lastseen: 1_789_000_000 - random.below(5) * 300,
      interval: random.chance(0.8) ? 300 : null,
    });
  });
}

function place(facts: Record<string, unknown>, path: readonly string[], value: Json): void {
  let here = facts;
  path.slice(0, -1).forEach((segment) => {
    here[segment] ??= Object.create(null);
    here = here[segment] as Record<string, unknown>;
  });
  here[path[path.length - 1] as string] = value;
}
