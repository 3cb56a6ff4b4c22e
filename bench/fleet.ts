import type { Json } from '../core/index.ts';
import { node } from '../test/data/fleet.mjs';

/** Lines of NDJSON in one buffer: few enough writes that the client costs little. */
const PIECE_LINES = 200;

/** What a node of the fleet sends. */
export type FleetDocument = ReturnType<typeof node>;

/** A round of registrations: which content every node has, and which moment its volatile facts are of. */
export interface Round {
  readonly content: number;
  readonly moment: number;
}

/**
 * The made-up fleet. Which node of a customer has `mysql::master` depends on the nodes made before it, so every document
 * is made once and in order, and a smaller fleet is the beginning of a larger one. Kept as text outside of the heap:
 * 100,000 documents would make every collection of garbage in the clients a pause.
 */
export class Fleet {
  readonly #pieces: readonly Buffer[];

  constructor(size: number) {
    this.#pieces = pieces(size, (i) => node(i));
  }

  /** The documents of the first `nodes` nodes, one after the other. */
  *documents(nodes: number): Generator<FleetDocument> {
    let left = nodes;
    for (const piece of this.#pieces) {
      for (const line of piece.toString().trimEnd().split('\n')) {
        if (left-- <= 0) return;
        yield JSON.parse(line);
      }
    }
  }

  /** The first `nodes` registrations as NDJSON, a piece of lines a buffer; as the fleet has them where no round is said. */
  lines(nodes: number, round?: Round): readonly Buffer[] {
    const documents = this.documents(nodes);
    return pieces(nodes, (i) => {
      const { value } = documents.next() as IteratorYieldResult<FleetDocument>;
      return round === undefined ? value : atRound(value, i, round);
    });
  }
}

/** The document with the content and the volatile facts of a round; node `i` has other values than node `i + 1`. */
export function atRound(document: FleetDocument, i: number, { content, moment }: Round): FleetDocument {
  const { load_averages, memory, mountpoints, uptime_seconds, ...kept } = document.facts as {
    readonly [fact: string]: Json;
    readonly load_averages: Json;
    readonly memory: { readonly system: { readonly total_bytes: number } };
    readonly mountpoints: { readonly [mount: string]: { readonly [fact: string]: Json } };
    readonly uptime_seconds: number;
  };
  const seconds = uptime_seconds + moment * 300;
  const days = Math.floor(seconds / 86_400) + moment;
  const load = (of: number) => ((i * 37 + moment * 11 * of) % 800) / 100 + of / 1000;
  const used = (((i * 7919 + moment * 104_729) % 1000) / 1000) * memory.system.total_bytes;
  return {
    ...document,
    facts: {
      ...kept,
      deployed: `release-${content}`,
      uptime_seconds: seconds,
      uptime_days: days,
      system_uptime: { days, hours: days * 24 + (moment % 24), seconds, uptime: `${days} days` },
      load_averages: { '1m': load(1), '5m': load(2), '15m': load(3) },
      memory: {
        system: {
          ...memory.system,
          used: `${(used / 2 ** 30).toFixed(2)} GiB`,
          used_bytes: Math.floor(used),
          available_bytes: Math.floor(memory.system.total_bytes - used),
          capacity: `${((100 * used) / memory.system.total_bytes).toFixed(2)}%`,
        },
      },
      mountpoints: Object.fromEntries(
        Object.entries(mountpoints).map(([mount, facts]) => [mount, { ...facts, used_bytes: i * 4096 + moment }]),
      ),
    },
  };
}

function pieces(count: number, documentAt: (i: number) => FleetDocument): Buffer[] {
  return Array.from({ length: Math.ceil(count / PIECE_LINES) }, (_, piece) => {
    const first = piece * PIECE_LINES;
    const lines = Array.from({ length: Math.min(PIECE_LINES, count - first) }, (_, k) =>
      JSON.stringify(documentAt(first + k)),
    );
    return Buffer.from(`${lines.join('\n')}\n`);
  });
}
