import { type FieldPath, parseFieldPath, shownValue } from '../../core/index.ts';
import type { Condition, Query } from './ast.ts';
import { QueryBudget } from './bounds.ts';
import { type Place, placeIn, refuse, type WordRule, wordRuleOf } from './operand.ts';
import { equalTo, operatorParsers, type Parsers, parseTests } from './operator-parsers.ts';
import { compilePattern } from './pattern.ts';
import { isOperatorDocument, isSourceObject, RegexLiteral, type SourceObject } from './source.ts';
import { toMongo } from './to-mongo.ts';

/*
 * Checks a query document and makes its tree. What is not allowed is refused by name; nothing is ever evaluated.
 */

/** Segments of one path. */
const PATH_SEGMENTS_MAX = 64;

/**
 * A MongoDB query document, checked against the allow-list.
 * @throws QueryError `query_operator_refused`, `query_invalid`, `query_too_large`, `query_regex_invalid`;
 *   CoreError `fact_path_invalid`. Each names the place: `$and[1].facts.os.name.$gt`.
 */
export function parseJsonQuery(value: unknown): Query {
  return parseSource(value);
}

/** As {@link parseJsonQuery}, for documents that may hold bare words and regular expressions of the relaxed form. */
export function parseSource(value: unknown): Query {
  const place: Place = { field: '', words: 'typed', level: 0, budget: new QueryBudget() };
  if (!isSourceObject(value)) return refuse(place, 'needs to be an object', value);
  const where = new DocumentParser().conditions(value, place);
  return queryOf(where);
}

/** A query of a condition, with the MongoDB document it stands for. */
export function queryOf(where: Condition): Query {
  return { where, mongo: toMongo(where) };
}

/** Reads conditions at the root of a node document, or (with a rule for words) at the elements of an array in it. */
class DocumentParser {
  readonly #words: WordRule | undefined;

  constructor(words?: WordRule) {
    this.#words = words;
  }

  conditions(source: SourceObject, place: Place): Condition {
    const parts = Object.keys(source).map((key) => this.#condition(key, source[key], place));
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'and', of: parts };
  }

  #condition(key: string, value: unknown, place: Place): Condition {
    if (key.startsWith('$')) return this.#join(key, value, placeIn(place, key));
    const path = pathOf(key, place);
    const words = this.#words ?? wordRuleOf(path);
    const at: Place = { ...placeIn(place, key), words };
    const parsers: Parsers = {
      conditions: (inner, innerPlace) => new DocumentParser(words).conditions(inner, innerPlace),
      tests: (inner, innerPlace) => parseTests(inner, innerPlace, parsers),
    };
    if (isOperatorDocument(value)) return { kind: 'field', path, test: parseTests(value, at, parsers) };
    place.budget.clause(at.field);
    if (value instanceof RegexLiteral) {
      const pattern = compilePattern(value.source, value.options, at.field);
      return { kind: 'field', path, test: { op: '$regex', pattern } };
    }
    return { kind: 'field', path, test: equalTo(value, at) };
  }

  #join(name: string, value: unknown, place: Place): Condition {
    if (name !== '$and' && name !== '$or' && name !== '$nor') {
      if (Object.hasOwn(operatorParsers, name) || name === '$options')
        return refuse(place, `${name} stands at a field: { "facts.os.name": { "${name}": ... } }`);
      return refuse(place, `the operator ${shownValue(name)} is not allowed`, name, 'query_operator_refused');
    }
    if (!Array.isArray(value) || value.length === 0) return refuse(place, 'needs an array of conditions', value);
    const of = value.map((item: unknown, i): Condition => {
      const at = placeIn(place, `[${i}]`);
      place.budget.clause(at.field);
      if (!isSourceObject(item)) return refuse(at, 'needs to be an object', item);
      return this.conditions(item, at);
    });
    return { kind: name.slice(1) as 'and' | 'or' | 'nor', of };
  }
}

function pathOf(key: string, place: Place): FieldPath {
  const field = place.field === '' ? key : `${place.field}.${key}`;
  if (key === '') return refuse(place, 'a field without a name');
  const path = parseFieldPath(key, shownValue(field));
  if (path.length > PATH_SEGMENTS_MAX) refuse(place, `a path of ${path.length} parts, over ${PATH_SEGMENTS_MAX}`, key);
  return path;
}
