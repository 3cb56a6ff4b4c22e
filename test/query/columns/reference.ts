import {
  type Account,
  codeKey,
  decodeKeys,
  type EpochSeconds,
  identityKey,
  type Json,
  type NodeDocument,
  nodeState,
  type OtherType,
  type StateRule,
  shownPath,
  valueAt,
} from '../../../core/index.ts';
import { type AnswerOptions, compileJudge, type Query, typedConditions } from '../../../query/index.ts';

/*
 * The plain way to answer, against which the columns are held: judge on each document.
 */

/** What {@link answerPlainly} gives. */
export interface PlainAnswer {
  /** Rows, in the order of identity. */
  readonly identities: readonly string[];
  readonly account: Account;
}

/** Answers from documents. */
export function answerPlainly(
  nodes: readonly NodeDocument[],
  query: Query,
  now: number,
  rule: StateRule,
  { requireKnown = false, states = ['fresh', 'late'] }: Pick<AnswerOptions, 'requireKnown' | 'states'> = {},
): PlainAnswer {
  const judge = compileJudge(query);
  const identities: string[] = [];
  const counts = { total: 0, matched: 0, notMatched: 0, unknown: 0, matchedThoughUnknown: 0, missing: 0 };
  const typed = typedConditions(query.where).map((condition) => ({
    condition,
    segments: condition.path.map(codeKey),
    met: new Set<string>(),
    nodes: 0,
  }));
  for (const node of nodes) {
    const state = nodeState(node, now as EpochSeconds, rule);
    const { matched, truth } = judge(node);
    const isGiven = matched && !(requireKnown && truth === 'unknown');
    if (isGiven && states.includes(state)) identities.push(node.identity);
    if (state === 'retired') continue;
    counts.total += 1;
    if (state === 'missing') {
      counts.missing += 1;
      counts.unknown += 1;
      continue;
    }
    if (isGiven) {
      counts.matched += 1;
      if (truth === 'unknown') counts.matchedThoughUnknown += 1;
    } else if (truth === 'unknown') counts.unknown += 1;
    else counts.notMatched += 1;
    for (const one of typed) {
      const types = one.condition.met(node as unknown as Json, one.segments);
      if (types.length > 0) one.nodes += 1;
      for (const type of types) one.met.add(type);
    }
  }
  const otherType: OtherType[] = typed
    .filter((one) => one.nodes > 0)
    .map(({ condition, met, nodes: count }) => ({
      path: shownPath(condition.path),
      operator: condition.operator,
      asked: condition.asked,
      met: [...met],
      nodes: count,
    }));
  identities.sort((a, b) => {
    const x = identityKey(a as never);
    const y = identityKey(b as never);
    return x < y ? -1 : x > y ? 1 : 0;
  });
  return { identities, account: { ...counts, otherType } };
}

/** An account that compares: types met in one order. */
export function comparable(account: Account): Account {
  return { ...account, otherType: account.otherType.map((one) => ({ ...one, met: [...one.met].sort() })) };
}

/** The value at a path of a document, as rows give it. */
export function plainValue(node: NodeDocument, path: readonly string[]): Json | undefined {
  const value = valueAt(node as unknown as Json, path.map(codeKey));
  return value === undefined ? undefined : decodeKeys(value);
}
