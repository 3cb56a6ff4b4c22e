import type { FieldPath, Identity, Json, NodeDocument } from '../../../core/index.ts';
import { codeKey, decodeKeys, identityKey, nodeState, valueAt } from '../../../core/index.ts';
import type { Answer, NodeRow, QueryEngine } from '../../../query/answers.ts';
import type { Query } from '../../../query/language/ast.ts';
import { compileQuery } from '../../../query/language/match.ts';

export function engineDouble(documents: readonly NodeDocument[], nowSeconds: number) {
  const nodes = new Map(documents.map((one) => [identityKey(one.identity), one]));
  const rowOf = (node: NodeDocument): NodeRow => ({
    identity: node.identity,
    lastseen: node.lastseen,
    interval: node.interval,
    state: nodeState(node, nowSeconds as never, { intervalSeconds: 300, expireAfterSeconds: 2_592_000 }),
    age: nowSeconds - node.lastseen,
    value: (path: FieldPath) => {
      const value = valueAt(node as unknown as Json, path.map(codeKey));
      return value === undefined ? undefined : decodeKeys(value);
    },
  });
  const select = (query: Query) => {
    const matches = compileQuery(query);
    return [...nodes.entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .filter(([, node]) => node.retired === undefined && matches(node));
  };
  const account = (matched: number) => ({
    total: nodes.size,
    matched,
    notMatched: nodes.size - matched,
    unknown: 0,
    matchedThoughUnknown: 0,
    missing: 0,
    otherType: [],
  });
  const engine = {
    ready: true,
    reads: 0,
    async answer(query: Query, options: { first: number; after?: string | undefined }): Promise<Answer> {
      const all = select(query);
      const from = options.after === undefined ? 0 : all.findIndex(([key]) => key > (options.after as string));
      const rest = from === -1 ? [] : all.slice(from);
      return {
        rows: rest.slice(0, options.first).map(([, node]) => rowOf(node)),
        account: account(all.length),
        hasNextPage: rest.length > options.first,
        hasPreviousPage: from > 0,
      };
    },
    async facets(query: Query, paths: readonly FieldPath[], limit: number) {
      const all = select(query);
      const facets = paths.map((path) => {
        const counts = new Map<string, number>();
        let absent = 0;
        for (const [, node] of all) {
          const value = rowOf(node).value(path);
          if (value === undefined) absent += 1;
          else
            for (const one of Array.isArray(value) ? value : [value])
              counts.set(JSON.stringify(one), (counts.get(JSON.stringify(one)) ?? 0) + 1);
        }
        const values = [...counts].map(([value, count]) => ({ value: JSON.parse(value) as Json, count }));
        values.sort((a, b) => b.count - a.count);
        return { path, values: values.slice(0, limit), distinct: counts.size, absent };
      });
      return { facets, account: account(all.length) };
    },
    row(identity: Identity) {
      const node = nodes.get(identityKey(identity));
      return node === undefined ? undefined : rowOf(node);
    },
    async documents(identities: readonly Identity[]) {
      engine.reads += 1;
      return identities.map((one) => nodes.get(identityKey(one)));
    },
    async waitFor() {},
  };
  return engine satisfies QueryEngine & { reads: number };
}
