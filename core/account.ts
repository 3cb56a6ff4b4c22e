/**
 * What an answer says about all nodes, matched or not. Three-valued per node: matched + notMatched + unknown = total.
 * Retired nodes are in none of the numbers.
 */
export interface Account {
  readonly total: number;
  readonly matched: number;
  readonly notMatched: number;
  /** Nodes of which the answer cannot be told: a fact asked for is absent, or the node is missing. */
  readonly unknown: number;
  /** Of matched: returned by MongoDB's rule ($ne, $nin, $not, $nor, null) though a fact asked for is absent. */
  readonly matchedThoughUnknown: number;
  /** Of unknown: nodes silent longer than expireAfter. */
  readonly missing: number;
  /** Per condition that met values of another type than it asked for: its path and on how many nodes. */
  readonly otherType: readonly OtherType[];
}

/** One condition that met values of another type. */
export interface OtherType {
  /** The path as people write it. */
  readonly path: string;
  readonly operator: string;
  /** Type asked for: number, string, bool, object, array, null. */
  readonly asked: string;
  /** Types met instead. */
  readonly met: readonly string[];
  readonly nodes: number;
}
