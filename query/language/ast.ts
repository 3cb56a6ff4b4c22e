import type { FieldPath, Json } from '../../core/index.ts';

/*
 * The one query language inside: a validated MongoDB query document as a tree. Front ends make it; the columns, the
 * document matcher and (through `toMongo`) a MongoDB server evaluate it. Paths are plain segments; operands that are
 * objects have their keys coded as stored documents have them.
 */

/** A validated query. Only the front ends of this folder make one. */
export interface Query {
  readonly where: Condition;
  /** The document it stands for, with coded paths, as MongoDB would take it; undefined where it holds `$mc` tests. */
  readonly mongo: Json | undefined;
}

/** A condition on a whole node document. An empty `of` of `and` is true. */
export type Condition =
  | { readonly kind: 'and' | 'or' | 'nor'; readonly of: readonly Condition[] }
  | { readonly kind: 'field'; readonly path: FieldPath; readonly test: Test };

/** The types that `$type` knows. */
export type TypeName = 'number' | 'string' | 'bool' | 'object' | 'array' | 'null';

/** A compiled regular expression: linear time, literal, prefix and contains patterns without an engine. */
export interface Pattern {
  /** As written. */
  readonly source: string;
  /** Of `imsx`; `r` marks Ruby's line anchors, in MCollective filters only. */
  readonly options: string;
  readonly matches: (text: string) => boolean;
  /** What it comes down to where it needs no engine; an index may look texts up instead of trying all. */
  readonly literal?: PatternLiteral;
}

/**
 * A pattern that is plain text: equal to one of the texts, or beginning with, ending with or containing the one text.
 * Only a first guess: `matches` decides (texts of more than one line, or beyond ASCII, may differ).
 */
export interface PatternLiteral {
  readonly kind: 'equals' | 'starts' | 'ends' | 'contains';
  /** In lower case where `ignoreCase`. */
  readonly texts: readonly string[];
  readonly ignoreCase: boolean;
}

/** The ordering and equality operators of MCollective's fact filters. */
export type McOperator = '==' | '=~' | '!=' | '>=' | '<=' | '>' | '<';

/** A test on the value or values at a path; each follows MongoDB's rule for arrays, missing and null. */
export type Test =
  | { readonly op: '$eq' | '$ne' | '$gt' | '$gte' | '$lt' | '$lte'; readonly value: Json }
  | { readonly op: '$in' | '$nin'; readonly values: readonly (Json | Pattern)[] }
  | { readonly op: '$exists'; readonly exists: boolean }
  | { readonly op: '$type'; readonly types: readonly TypeName[] }
  | { readonly op: '$regex'; readonly pattern: Pattern }
  | { readonly op: '$not'; readonly test: Test }
  /** Several operators on one path, all of which must hold. */
  | { readonly op: 'and'; readonly tests: readonly Test[] }
  | { readonly op: '$all'; readonly tests: readonly Test[] }
  | { readonly op: '$elemMatch'; readonly condition: Condition }
  | { readonly op: '$elemMatchValue'; readonly test: Test }
  | { readonly op: '$size'; readonly size: number }
  | { readonly op: '$mod'; readonly divisor: number; readonly remainder: number }
  /** MCollective's fact comparison: on texts, numeric where both look numeric; an array by any element, a map by any key. */
  | { readonly op: '$mc'; readonly operator: McOperator; readonly value: string; readonly pattern?: Pattern };

/** The operators a user may write; every other `$` name is refused by name. */
export const ALLOWED_OPERATORS: readonly string[] = Object.freeze([
  '$eq',
  '$ne',
  '$gt',
  '$gte',
  '$lt',
  '$lte',
  '$in',
  '$nin',
  '$exists',
  '$type',
  '$regex',
  '$options',
  '$not',
  '$and',
  '$or',
  '$nor',
  '$all',
  '$elemMatch',
  '$size',
  '$mod',
]);
