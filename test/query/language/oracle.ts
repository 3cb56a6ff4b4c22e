import { Query as MingoQuery } from 'mingo';
import type { Json, JsonObject, NodeDocument } from '../../../core/index.ts';
import { type Matcher, parseJsonQuery } from '../../../query/language/index.ts';
import { type Difference, differences, type Leaf } from './differences.ts';
import type { GeneratedQuery } from './generate.ts';

/*
 * Compares an evaluation with mingo's. Where the two give different answers for a node, the query is taken apart into
 * its conditions: each one that differs must be a listed difference, and with those set right the whole must agree.
 */

/** Nodes in both forms: as documents, and as plain objects for mingo. */
export interface NodeSet {
  readonly nodes: readonly NodeDocument[];
  readonly plain: readonly JsonObject[];
}

/** Makes a set; mingo compares prototypes, so it gets plain objects. */
export function nodeSet(nodes: readonly NodeDocument[]): NodeSet {
  return { nodes, plain: nodes.map((node) => JSON.parse(JSON.stringify(node)) as JsonObject) };
}

/** What a comparison found. */
export interface Comparison {
  readonly found: number;
  /** Listed differences that showed, by their name. */
  readonly excused: readonly string[];
  /** What could not be explained, for a message; undefined where all is well. */
  readonly fault: string | undefined;
}

type Tree =
  | { readonly kind: 'and' | 'or' | 'nor'; readonly of: readonly Tree[] }
  | { readonly kind: 'leaf'; readonly leaf: CompiledLeaf };

interface CompiledLeaf extends Leaf {
  readonly ours: (node: NodeDocument) => boolean;
  readonly theirs: (plain: JsonObject) => boolean;
}

/** Runs one query on a set of nodes both ways. */
export function compareWithMingo(matcher: Matcher, query: GeneratedQuery, set: NodeSet): Comparison {
  const ours = matcher.compileQuery(parseJsonQuery(query.written));
  const theirs = new MingoQuery(query.stored as never);
  const excused = new Set<string>();
  let tree: Tree | undefined;
  let found = 0;
  for (let i = 0; i < set.nodes.length; i++) {
    const node = set.nodes[i] as NodeDocument;
    const plain = set.plain[i] as JsonObject;
    const matched = ours(node);
    if (matched) found += 1;
    if (matched === theirs.test(plain)) continue;
    tree ??= treeOf(matcher, query.written, query.stored);
    const faults: string[] = [];
    const corrected = evaluate(tree, node, plain, excused, faults);
    if (faults.length > 0 || corrected !== matched) {
      const fault = `${JSON.stringify(query.written)} gives ${matched} on ${JSON.stringify(plain.facts)} ${JSON.stringify(plain.classes)}: ${faults.join('; ') || 'every condition agrees, the whole does not'}`;
      return { found, excused: [...excused], fault };
    }
  }
  return { found, excused: [...excused], fault: undefined };
}

function evaluate(tree: Tree, node: NodeDocument, plain: JsonObject, excused: Set<string>, faults: string[]): boolean {
  if (tree.kind === 'leaf') return evaluateLeaf(tree.leaf, node, plain, excused, faults);
  const parts = tree.of.map((part) => evaluate(part, node, plain, excused, faults));
  if (tree.kind === 'and') return parts.every(Boolean);
  return tree.kind === 'or' ? parts.some(Boolean) : !parts.some(Boolean);
}

function evaluateLeaf(
  leaf: CompiledLeaf,
  node: NodeDocument,
  plain: JsonObject,
  excused: Set<string>,
  faults: string[],
): boolean {
  const ours = leaf.ours(node);
  if (ours === leaf.theirs(plain)) return ours;
  const listed = differences.find((difference: Difference) => difference.applies(leaf, plain));
  if (listed === undefined) faults.push(`${leaf.path.join('.')} ${leaf.operator} ${JSON.stringify(leaf.operand)}`);
  else excused.add(listed.name);
  return ours;
}

/** The query as conditions, both forms walked side by side. */
function treeOf(matcher: Matcher, written: JsonObject, stored: JsonObject): Tree {
  const storedKeys = Object.keys(stored);
  const of = Object.keys(written).map((key, i): Tree => {
    const storedKey = storedKeys[i] as string;
    const value = written[key] as Json;
    const storedValue = stored[storedKey] as Json;
    if (key === '$and' || key === '$or' || key === '$nor') {
      const parts = (value as readonly JsonObject[]).map((part, k) =>
        treeOf(matcher, part, (storedValue as readonly JsonObject[])[k] as JsonObject),
      );
      return { kind: key.slice(1) as 'and', of: parts };
    }
    return conditionTree(matcher, key, value, storedKey, storedValue);
  });
  return { kind: 'and', of };
}

const isOperators = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && Object.keys(value)[0]?.startsWith('$') === true;

function conditionTree(matcher: Matcher, key: string, value: Json, storedKey: string, storedValue: Json): Tree {
  const leaf = (operator: string, operand: Json, mine: Json, theirs: Json): Tree => {
    const query = new MingoQuery({ [storedKey]: theirs } as never);
    return {
      kind: 'leaf',
      leaf: {
        path: storedKey.split('.'),
        operator,
        operand,
        ours: matcher.compileQuery(parseJsonQuery({ [key]: mine })),
        theirs: (plain) => query.test(plain),
      },
    };
  };
  if (!isOperators(value)) return leaf('$eq', storedValue, value, storedValue);
  const storedOperators = storedValue as JsonObject;
  const parts = Object.keys(value)
    .filter((name) => name !== '$options')
    .map((name): Tree => {
      if (name === '$not')
        return {
          kind: 'nor',
          of: [conditionTree(matcher, key, value.$not as Json, storedKey, storedOperators.$not as Json)],
        };
      const withOptions = (all: JsonObject): Json =>
        name === '$regex' && all.$options !== undefined
          ? { $regex: all.$regex as Json, $options: all.$options }
          : { [name]: all[name] as Json };
      return leaf(name, storedOperators[name] as Json, withOptions(value), withOptions(storedOperators));
    });
  return { kind: 'and', of: parts };
}
