import {
  type Clock,
  compileVolatile,
  epochSeconds,
  type FieldPath,
  type Identity,
  type Logger,
  type NodeDocument,
  type StateRule,
  VOLATILE_FACTS,
} from '../../core/index.ts';
import type { FeedPosition, NodeStore } from '../../registry/index.ts';
import type { Answer, AnswerOptions, Facet, NodeRow, QueryEngine } from '../answers.ts';
import type { Query } from '../language/index.ts';
import { QueryError } from '../language/index.ts';
import { BitPool } from './bits.ts';
import { type Evaluation, type EvaluationOptions, evaluate, TableOutgrown } from './evaluate.ts';
import { facetOf } from './facets.ts';
import type { EngineFigures } from './figures.ts';
import { buildTable, Follower } from './follower.ts';
import type { LeafContext } from './leaf.ts';
import { ColumnRow, PathLookup } from './node-row.ts';
import { Pace, type RunLimit, type Sliced, Turns } from './pace.ts';
import { pageOf } from './page.ts';
import { type Plan, planOf } from './plan.ts';
import { SnapshotKeeper } from './snapshot-keeper.ts';
import type { Table, TableOptions } from './table.ts';

/*
 * The query engine: answers from a table of columns that a follower keeps up with the store, and that a snapshot brings
 * back at the next start.
 */

/** Settings of {@link createQueryEngine}. */
export interface QueryEngineOptions {
  readonly store: NodeStore;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly stateRule: StateRule;
  /** Fact paths that get a column: `columns.pathsMax`. */
  readonly pathsMax: number;
  /** Where the snapshot is kept; none is written or read where not said. */
  readonly snapshotFile?: string | undefined;
  /** Time between snapshots while running; only at stop where not said. */
  readonly snapshotIntervalMs?: number | undefined;
  /** Patterns of volatile facts as the registry has them: `volatilePatterns(config)`. */
  readonly volatile?: readonly string[] | undefined;
  /** Bytes of sets kept between queries; 32 MiB where not said. */
  readonly setBytesMax?: number | undefined;
}

/** A query engine with its life. */
export interface ColumnsEngine extends QueryEngine {
  /** Loads the snapshot or builds from the store, then follows. Resolves when every earlier write is visible. */
  start(): Promise<void>;
  /** Ends following, writes the snapshot. */
  stop(): Promise<void>;
  /** Writes a snapshot now; false where there is none to write, or it was given up. */
  snapshot(): Promise<boolean>;
  figures(): EngineFigures;
}

/** How long one query may be evaluated. `query_too_slow` */
export const EVALUATION_MS_MAX = 30_000;
/** How long events may wait for a snapshot while running. */
const SNAPSHOT_PAUSE_MS_MAX = 2_000;
/** How long the snapshot at stop may take. */
const SNAPSHOT_STOP_MS_MAX = 30_000;
/** Milliseconds between two warnings of the same kind. */
const WARNING_EVERY_MS = 60_000;

const TOO_SLOW: RunLimit = {
  milliseconds: EVALUATION_MS_MAX,
  error: () =>
    new QueryError('query_too_slow', `The query was evaluated for ${EVALUATION_MS_MAX / 1000} s and was not done`),
};

/** Makes a query engine over a store. It answers after {@link ColumnsEngine.start}. */
export async function createQueryEngine(options: QueryEngineOptions): Promise<ColumnsEngine> {
  return new Engine(options);
}

class Engine implements ColumnsEngine {
  readonly #options: QueryEngineOptions;
  readonly #tableOptions: TableOptions;
  readonly #turns = new Turns();
  readonly #stopping = new AbortController();
  readonly #plans = new WeakMap<Query, Plan>();
  #pool = new BitPool(0);
  #follower: Follower | undefined;
  #starting: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ready = false;
  readonly #fallbacks = { overflow: 0, documents: 0, nodes: 0 };
  readonly #snapshots: SnapshotKeeper;
  readonly #warnedAt = new Map<string, number>();

  constructor(options: QueryEngineOptions) {
    this.#options = options;
    this.#snapshots = new SnapshotKeeper(options, this.#turns);
    this.#tableOptions = {
      pathsMax: options.pathsMax,
      volatile: compileVolatile(options.volatile ?? VOLATILE_FACTS),
      stateRule: options.stateRule,
      ...(options.setBytesMax === undefined ? {} : { setBytesMax: options.setBytesMax }),
    };
  }

  get ready(): boolean {
    return this.#ready;
  }

  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    const { store, logger, snapshotIntervalMs } = this.#options;
    const began = performance.now();
    const target = await store.position();
    const loaded = await this.#snapshots.load(this.#tableOptions);
    const from = loaded ?? (await this.#build());
    const follower = new Follower(from.table, from.position, {
      store,
      logger,
      turns: this.#turns,
      table: this.#tableOptions,
    });
    this.#follower = follower;
    follower.start();
    await follower.waitFor(target);
    this.#ready = true;
    logger.info(
      {
        nodes: follower.table.book.used,
        columns: follower.table.tree.columns,
        from: loaded === undefined ? 'store' : 'snapshot',
        milliseconds: Math.round(performance.now() - began),
      },
      'the columns are ready',
    );
    if (snapshotIntervalMs !== undefined && this.#options.snapshotFile !== undefined) {
      this.#timer = setInterval(() => void this.snapshot(), snapshotIntervalMs).unref();
    }
  }

  async #build() {
    return buildTable(this.#options.store, this.#tableOptions, this.#turns, this.#stopping.signal);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#starting?.catch(() => undefined);
    this.#ready = false;
    await this.#follower?.stop();
    const follower = this.#follower;
    if (follower !== undefined) await this.#snapshots.write(follower.table, follower.position, SNAPSHOT_STOP_MS_MAX);
  }

  async snapshot(): Promise<boolean> {
    const follower = this.#follower;
    if (follower === undefined) return false;
    return follower.paused(() => this.#snapshots.write(follower.table, follower.position, SNAPSHOT_PAUSE_MS_MAX));
  }

  async answer(query: Query, options: AnswerOptions): Promise<Answer> {
    return this.#evaluated(query, options, function* ({ rows, count, account, now }, table) {
      const page = pageOf(table, rows, count, options.first, options.after);
      const paths = new PathLookup(table);
      return {
        rows: page.rows.map((row) => new ColumnRow(paths, row, now)),
        count,
        account,
        hasNextPage: page.hasNextPage,
        hasPreviousPage: page.hasPreviousPage,
      };
    });
  }

  async facets(query: Query, paths: readonly FieldPath[], limit: number) {
    return this.#evaluated(query, {}, function* ({ rows, account }, table, pace) {
      const facets: Facet[] = [];
      for (const path of paths) facets.push(yield* facetOf(table, path, rows, limit, pace));
      return { facets, account };
    });
  }

  /** Evaluates a query and goes on with what matched, at the same moment. */
  async #evaluated<T>(query: Query, options: EvaluationOptions, conclude: Conclusion<T>): Promise<T> {
    const plan = this.#planOf(query);
    for (;;) {
      const table = this.#table();
      const pool = this.#poolFor(table);
      const pace = new Pace();
      const context: LeafContext = {
        table,
        pool,
        pace,
        read: (identities) => this.#options.store.read(identities),
        hold: () => (this.#follower as Follower).hold(),
        fellBack: (what, rows) => this.#fellBack(what, rows),
        retiredToo: options.states?.includes('retired') === true,
      };
      const clock = (): ReturnType<typeof epochSeconds> => epochSeconds(this.#options.clock);
      const work = (function* (): Sliced<T> {
        const evaluation = yield* evaluate(plan, context, clock, options);
        const concluded = yield* conclude(evaluation, table, pace);
        pool.give(evaluation.rows);
        return concluded;
      })();
      try {
        return await this.#turns.run(work, pace, TOO_SLOW);
      } catch (thrown) {
        if (!(thrown instanceof TableOutgrown)) throw thrown;
      }
    }
  }

  row(identity: Identity): NodeRow | undefined {
    const table = this.#table();
    const row = table.rowOf(identity);
    return row === undefined ? undefined : new ColumnRow(new PathLookup(table), row, epochSeconds(this.#options.clock));
  }

  async documents(identities: readonly Identity[]): Promise<readonly (NodeDocument | undefined)[]> {
    return this.#options.store.read(identities);
  }

  async waitFor(position: FeedPosition): Promise<void> {
    await this.#starting;
    if (this.#follower === undefined) throw notReady();
    await this.#follower.waitFor(position);
  }

  figures(): EngineFigures {
    const follower = this.#follower;
    const table = follower?.table;
    const longestSliceMs = this.#turns.longestMs;
    this.#turns.longestMs = 0;
    return {
      ready: this.#ready,
      nodes: table?.book.used ?? 0,
      serving: table?.book.serving ?? 0,
      columns: table?.tree.columns ?? 0,
      sparseColumns: table?.tree.sparseNodes.size ?? 0,
      overflowNodes: table?.overflow.rows ?? 0,
      bytes: table?.bytes ?? 0,
      keptSetBytes: table?.cache.bytes ?? 0,
      position: follower?.position ?? '',
      events: follower?.events ?? 0,
      rereads: follower?.rereads ?? 0,
      feedLagMs: follower?.lagMs ?? 0,
      longestSliceMs,
      fallbacks: { ...this.#fallbacks },
      rebuilds: follower?.rebuilds ?? 0,
      snapshot: { ...this.#snapshots.figures },
    };
  }

  #table(): Table {
    if (!this.#ready || this.#follower === undefined) throw notReady();
    return this.#follower.table;
  }

  #poolFor(table: Table): BitPool {
    if (this.#pool.words !== table.cache.words) this.#pool = new BitPool(table.cache.words);
    return this.#pool;
  }

  #planOf(query: Query): Plan {
    const known = this.#plans.get(query);
    if (known !== undefined) return known;
    const plan = planOf(query.where);
    this.#plans.set(query, plan);
    return plan;
  }

  #fellBack(what: 'overflow' | 'documents', nodes: number): void {
    this.#fallbacks[what] += 1;
    this.#fallbacks.nodes += nodes;
    const now = performance.now();
    if (now - (this.#warnedAt.get(what) ?? Number.NEGATIVE_INFINITY) < WARNING_EVERY_MS) return;
    this.#warnedAt.set(what, now);
    this.#options.logger.warn(
      { nodes },
      what === 'overflow'
        ? 'a query asks for a path beyond columns.pathsMax, its values are read one by one'
        : 'a query compares whole objects, their documents are read from the store',
    );
  }
}

/** What is made of an evaluation. */
type Conclusion<T> = (evaluation: Evaluation, table: Table, pace: Pace) => Sliced<T>;

function notReady(): QueryError {
  return new QueryError('not_ready', 'The columns are still loading');
}
