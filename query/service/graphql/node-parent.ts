import {
  decodeKeys,
  type FieldPath,
  factPath,
  type Identity,
  type Json,
  type JsonObject,
} from '../../../core/index.ts';
import type { NodeRow, QueryEngine } from '../../answers.ts';
import { nodePath, tooMany } from '../node-fields.ts';
import { serviceLimits } from '../service-limits.ts';

/*
 * What stands behind a Node of the schema. The row hides in a private field, not in a property: the compiled executor
 * calls a parent's properties where they are functions, and a row has some.
 */

/** The parent of a Node. */
export class NodeParent {
  readonly #row: NodeRow;
  constructor(row: NodeRow) {
    this.#row = row;
  }
  /** The row of a parent. */
  static row(parent: NodeParent): NodeRow {
    return parent.#row;
  }
}

/** Reads whole facts of many nodes in one go to the store; made for each request. */
export type FactsLoader = (identity: Identity) => Promise<Json>;

/** A loader that gathers what is asked in one turn of the executor. */
export function createFactsLoader(engine: QueryEngine): FactsLoader {
  let waiting: { identities: Identity[]; facts: Promise<readonly Json[]> } | undefined;
  return (identity) => {
    if (waiting === undefined) {
      const identities: Identity[] = [];
      const facts = Promise.resolve().then(async () => {
        waiting = undefined;
        const documents = await engine.documents(identities);
        return documents.map((document) =>
          document === undefined
            ? {}
            : document.format === undefined
              ? (document.facts as Json)
              : decodeKeys(document.facts as Json),
        );
      });
      waiting = { identities, facts };
    }
    const at = waiting.identities.push(identity) - 1;
    return waiting.facts.then((all) => all[at] ?? {});
  };
}

/** What the resolvers of one request share. */
export interface NodeContext {
  readonly loadFacts: FactsLoader;
}

const texts = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : []);
const number = (value: Json | undefined): number | null => (typeof value === 'number' ? value : null);

const pathsKept = new Map<string, FieldPath>();

/** Paths come again for each node of a page: the last few are kept. */
function keptFactPath(text: string): FieldPath {
  let path = pathsKept.get(text);
  if (path === undefined) {
    path = factPath(text, 'path');
    if (pathsKept.size >= serviceLimits.parsedQueriesMax) pathsKept.clear();
    pathsKept.set(text, path);
  }
  return path;
}

const PATHS = {
  fqdn: ['fqdn'],
  classes: ['classes'],
  agentlist: ['agentlist'],
  collectives: ['collectives'],
  firstseen: ['firstseen'],
  changed: ['changed'],
} as const;
const SOURCE = ['via', 'callerid', 'proof', 'serializer'].map((name) => [name, ['source', name]] as const);

const resolver =
  <T>(read: (row: NodeRow) => T) =>
  (parent: NodeParent): T =>
    read(NodeParent.row(parent));

/** The resolvers of Node, one for each field of the schema. */
export const nodeResolvers = {
  identity: resolver((row) => row.identity),
  fqdn: resolver((row) => row.value(PATHS.fqdn) ?? null),
  fact: (parent: NodeParent, { path }: { path: string }): Json =>
    NodeParent.row(parent).value(keptFactPath(path)) ?? null,
  facts: (parent: NodeParent, { paths }: { paths?: readonly string[] | null }, context: NodeContext) => {
    const row = NodeParent.row(parent);
    if (paths === undefined || paths === null) return context.loadFacts(row.identity);
    if (paths.length > serviceLimits.fieldsMax) tooMany('paths', paths.length, serviceLimits.fieldsMax);
    const facts = Object.create(null) as Record<string, Json>;
    for (const path of paths) {
      const value = row.value(keptFactPath(path));
      if (value !== undefined) facts[path] = value;
    }
    return facts;
  },
  classes: resolver((row) => texts(row.value(PATHS.classes))),
  agents: resolver((row) => texts(row.value(PATHS.agentlist))),
  collectives: resolver((row) => texts(row.value(PATHS.collectives))),
  lastSeen: resolver((row) => row.lastseen),
  firstSeen: resolver((row) => number(row.value(PATHS.firstseen))),
  changed: resolver((row) => number(row.value(PATHS.changed))),
  age: resolver((row) => row.age),
  state: resolver((row) => row.state),
  interval: resolver((row) => row.interval),
  source: resolver((row): JsonObject => {
    const source: Record<string, Json> = {};
    for (const [name, path] of SOURCE) source[name] = row.value(path) ?? null;
    return source;
  }),
};

/** The path of a facet: a fact, or a field of the document by its name. */
export function facetPath(text: string): FieldPath {
  return nodePath(text, 'path');
}
