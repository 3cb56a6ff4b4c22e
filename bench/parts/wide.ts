import type { JsonObject } from '../../core/index.ts';
import type { Installed } from '../../test/acceptance/installed.ts';
import { below, type Figure, ms, spreadOf } from '../figures.ts';
import { httpLoad } from '../http-load.ts';
import { customer, pathOf, random } from '../questions.ts';

const WARM_SECONDS = 0.5;
const SECONDS = 2;
/** Targets of p50, milliseconds: for patterns that must be run over 100,000 different texts, and for all else. */
const PATTERN_MS = 60;
const WIDE_MS = 10;

/** Up to 1,000 names of the nodes that match. */
const names = (query: JsonObject): string => pathOf(query, { limit: '1000', fields: 'identity' });

const THREE_FACTS = 'identity,os.name,role,processors.count';

/** A customer among the smaller ones. */
const small = () => customer(10 + random(80));

/** Questions that read many values, by REST: name, target in milliseconds where there is one, path. */
const QUESTIONS: readonly (readonly [string, number | undefined, () => string])[] = [
  [
    'range and equality',
    WIDE_MS,
    () => names({ 'facts.processors.count': { $gte: 4 + random(28) }, 'facts.environment': 'production' }),
  ],
  [
    'range on a fact that differs everywhere',
    WIDE_MS,
    () => names({ 'facts.dmi.product.serial_number': { $gte: `KD${random(16).toString(16).toUpperCase()}` } }),
  ],
  [
    'range on a volatile number that differs everywhere',
    WIDE_MS,
    () => names({ 'facts.system_uptime.seconds': { $lt: 1000 + random(1e6) } }),
  ],
  [
    'regex on a fact of few values',
    WIDE_MS,
    () => names({ 'facts.kernelrelease': { $regex: `6\\.1\\.0-[${random(5)}-9]\\d?` } }),
  ],
  ['facet of a fact', WIDE_MS, () => `/v1/facets?path=os.name&filter=customer%3D${small()}`],
  ['facet over all nodes', WIDE_MS, () => '/v1/facets?path=customer'],
  [
    'regex on identity',
    PATTERN_MS,
    () => names({ identity: { $regex: `[a-z]+0*${random(9)}\\d+\\.customer0${10 + random(80)}` } }),
  ],
  ['regex on fqdn', PATTERN_MS, () => names({ 'facts.fqdn': { $regex: `^(db|app)\\d*${random(9)}\\.${small()}` } })],
  [
    'literal regex on fqdn',
    WIDE_MS,
    () => names({ 'facts.fqdn': { $regex: `^web00000${random(9)}\\.${customer()}\\.net$` } }),
  ],
  ['prefix regex on identity', WIDE_MS, () => names({ identity: { $regex: `^web00${random(9)}` } })],
  ['contains regex on fqdn', WIDE_MS, () => names({ 'facts.fqdn': { $regex: small() } })],
  [
    '1,000 rows of 3 facts',
    undefined,
    () => pathOf({ 'facts.uptime_days': { $gte: random(100) } }, { limit: '1000', fields: THREE_FACTS }),
  ],
];

/** Questions that read many values, one client over HTTP. */
export async function wide({ httpPort: port }: Installed): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [question, target, path] of QUESTIONS) {
    await httpLoad({ port, clients: 1, seconds: WARM_SECONDS, path });
    const { p50 } = spreadOf((await httpLoad({ port, clients: 1, seconds: SECONDS, path })).durations);
    const name = `${question}, p50`;
    figures.push(target === undefined ? { name, value: ms(p50) } : below(name, p50, target));
  }
  return figures;
}
