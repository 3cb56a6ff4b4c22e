import {
  codeKey,
  type FieldPath,
  type Json,
  type JsonObject,
  NODE_FIELDS,
  type NodeDocument,
} from '../../core/index.ts';
import type { Condition, Query, Test } from './ast.ts';
import { compileQuery, compileTest } from './match.ts';
import { someAt } from './walk.ts';

/*
 * The three-valued truth of a query on one node, beside MongoDB's yes or no. A condition on a fact that the node does
 * not have can be neither confirmed nor denied: it is unknown, whatever MongoDB's rule returns for it. Only `$exists`
 * always knows, and so does every condition on a field that each node document has (identity, classes, lastseen, ...).
 * `$type` asks about a fact, so it is unknown where there is none. `$elemMatch` is one condition on its array: what the
 * elements lack makes it false, not unknown. Above that, Kleene: unknown AND false = false, unknown AND true = unknown,
 * NOT unknown = unknown. Where the truth is definite it is MongoDB's.
 */

/** What can be said of a condition on one node. */
export type Truth = 'true' | 'false' | 'unknown';

/** What a query says of one node. */
export interface Judgement {
  /** MongoDB's rule. */
  readonly matched: boolean;
  readonly truth: Truth;
}

/** Fields that every node document has, so that nothing about them is unknown. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set(
  NODE_FIELDS.filter((field) => field !== 'facts' && field !== 'extra'),
);

/** True where a path starts at a field that every node document has: conditions on it are never unknown. */
export function isAlwaysKnown(path: FieldPath): boolean {
  return KNOWN_FIELDS.has(path[0] as string);
}

/** True where anything stands at what remains of a path below a column (see `testAtPath`), be it null. */
export function isPresent(value: Json | undefined, restOfPath: readonly string[]): boolean {
  return someAt(value, restOfPath, 0, 'elements', (found) => found !== undefined);
}

/** The truth of a test on a node that has nothing at the path. Where it has, the truth is what MongoDB's rule says. */
export function truthWhenAbsent(test: Test, path: FieldPath): Truth {
  if (isAlwaysKnown(path)) return truthOf(compileTest(test).at(undefined, []));
  switch (test.op) {
    case '$exists':
      return truthOf(!test.exists);
    case '$not':
      return not(truthWhenAbsent(test.test, path));
    case 'and':
      return all(test.tests.map((part) => truthWhenAbsent(part, path)));
    case '$all':
      return test.tests.length === 0 ? 'false' : all(test.tests.map((part) => truthWhenAbsent(part, path)));
    default:
      return 'unknown';
  }
}

/** The three-valued judgement of a query as a function on whole documents. */
export function compileJudge(query: Query): (node: NodeDocument) => Judgement {
  const matches = compileQuery(query);
  const truth = truthFunction(query.where);
  return (node) => ({ matched: matches(node), truth: truth(node as unknown as JsonObject) });
}

/** MongoDB's answer on one node, and what can be said with certainty. */
export function judge(query: Query, node: NodeDocument): Judgement {
  return compileJudge(query)(node);
}

function truthFunction(condition: Condition): (document: JsonObject) => Truth {
  if (condition.kind === 'field') return fieldTruth(condition.path, condition.test);
  const parts = condition.of.map(truthFunction);
  switch (condition.kind) {
    case 'and':
      return (document) => all(parts.map((part) => part(document)));
    case 'or':
      return (document) => not(all(parts.map((part) => not(part(document)))));
    case 'nor':
      return (document) => all(parts.map((part) => not(part(document))));
  }
}

function fieldTruth(path: FieldPath, test: Test): (document: JsonObject) => Truth {
  const coded = path.map(codeKey);
  const compiled = compileTest(test);
  const absent = truthWhenAbsent(test, path);
  const known = isAlwaysKnown(path);
  return (document) => (known || isPresent(document, coded) ? truthOf(compiled.at(document, coded)) : absent);
}

function truthOf(value: boolean): Truth {
  return value ? 'true' : 'false';
}

function not(truth: Truth): Truth {
  return truth === 'unknown' ? 'unknown' : truthOf(truth === 'false');
}

function all(parts: readonly Truth[]): Truth {
  if (parts.includes('false')) return 'false';
  return parts.includes('unknown') ? 'unknown' : 'true';
}
