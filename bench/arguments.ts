import { parseArgs } from 'node:util';

/** The parts by the names that `--only` takes, in the order in which they run. */
export const PART_NAMES = [
  'fresh',
  'store',
  'start',
  'lookup',
  'wide',
  'command',
  'mixed',
  'ingest',
  'memory',
] as const;
export type PartName = (typeof PART_NAMES)[number];

/** What to measure. */
export interface BenchArguments {
  /** Sizes of the fleet, one after the other. */
  readonly sizes: readonly number[];
  readonly only: readonly PartName[];
  /** Whether docs/performance.md is given the table. */
  readonly write: boolean;
  readonly help: boolean;
}

/** Arguments that cannot be understood; the message names the argument. */
export class WrongArguments extends Error {}

const SIZES = [10_000, 100_000];
/** Fewer have no customer with a database master in every environment; beyond, the nodes that sign begin. */
const NODES_MIN = 1000;
const NODES_MAX = 500_000;

export const USAGE = `npm run bench -- [--nodes N[,N...]] [--only PART[,PART...]] [--write]

  --nodes   sizes of the fleet, ${NODES_MIN} to ${NODES_MAX}; ${SIZES.join(',')} if not said
  --only    ${PART_NAMES.join(', ')}; all if not said
  --write   put the table into docs/performance.md too
`;

/** Reads the command line. @throws WrongArguments */
export function parseArguments(args: readonly string[]): BenchArguments {
  const { nodes, only, write = false, help = false } = valuesOf(args);
  return {
    sizes: nodes === undefined ? SIZES : nodes.split(',').map(sizeOf),
    only: only === undefined ? PART_NAMES : only.split(',').map(partOf),
    write,
    help,
  };
}

function valuesOf(args: readonly string[]) {
  const options = {
    nodes: { type: 'string' },
    only: { type: 'string' },
    write: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (thrown) {
    throw new WrongArguments((thrown as Error).message);
  }
}

function sizeOf(text: string): number {
  const size = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (size >= NODES_MIN && size <= NODES_MAX) return size;
  throw new WrongArguments(`--nodes takes whole numbers from ${NODES_MIN} to ${NODES_MAX}, not '${text}'`);
}

function partOf(text: string): PartName {
  const name = PART_NAMES.find((one) => one === text);
  if (name !== undefined) return name;
  throw new WrongArguments(`--only takes ${PART_NAMES.join(', ')}, not '${text}'`);
}
