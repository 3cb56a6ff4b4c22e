/*
 * What a front end hands to the parser: JSON, and beside it the two things that only the relaxed form can write.
 */

/** A word without quotes: `development`, `8`, `true`. What it means depends on where it stands. */
export class BareWord {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A regular expression between slashes. */
export class RegexLiteral {
  readonly source: string;
  readonly options: string;
  constructor(source: string, options: string) {
    this.source = source;
    this.options = options;
  }
}

/** An object of a query as a front end read it: no prototype, keys in order. */
export interface SourceObject {
  readonly [key: string]: unknown;
}

/** True for an object of a query; false for arrays, words and regular expressions. */
export function isSourceObject(value: unknown): value is SourceObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof BareWord) &&
    !(value instanceof RegexLiteral)
  );
}

/** True for an object whose first key is an operator, which is how MongoDB tells operators from a value. */
export function isOperatorDocument(value: unknown): value is SourceObject {
  return isSourceObject(value) && (Object.keys(value)[0]?.startsWith('$') ?? false);
}
