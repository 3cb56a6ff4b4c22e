import { codeKey, type FieldPath, type Json, shownValue } from '../../core/index.ts';
import type { QueryBudget } from './bounds.ts';
import { shortField } from './bounds.ts';
import { QueryError } from './errors.ts';
import { BareWord, RegexLiteral } from './source.ts';

/*
 * Values to compare with: checked to be JSON, keys coded as stored documents have them, and bare words given the
 * meaning of the place where they stand.
 */

/** Where in a query the parser is: what an error names, and what a bare word means here. */
export interface Place {
  /** As the user would write it: `$and[1].facts.os.name.$gt`. */
  readonly field: string;
  readonly words: WordRule;
  readonly level: number;
  readonly budget: QueryBudget;
}

/**
 * What a bare word stands for. `facts`: the text, or the equal number or boolean, since stock nodes send every fact as
 * text. `text` and `number`: the fields of a node document whose type is known. `typed`: the number or boolean if it is
 * one, else the text.
 */
export type WordRule = 'facts' | 'text' | 'number' | 'typed';

const NUMBER_FIELDS = new Set(['lastseen', 'firstseen', 'changed', 'revision', 'interval', 'format', 'retired']);
const TEXT_FIELDS = new Set(['_id', 'identity', 'fqdn', 'classes', 'agentlist', 'collectives', 'digest', 'source']);

/** The meaning of bare words on a path from the root of a node document. */
export function wordRuleOf(path: FieldPath): WordRule {
  const top = path[0] as string;
  return NUMBER_FIELDS.has(top) ? 'number' : TEXT_FIELDS.has(top) ? 'text' : 'facts';
}

/** A place one step further in. */
export function placeIn(place: Place, step: string): Place {
  const joint = place.field === '' || step.startsWith('[') ? '' : '.';
  const field = `${place.field}${joint}${step}`;
  place.budget.depth(place.level + 1, field);
  return { ...place, field, level: place.level + 1 };
}

/** @throws QueryError `query_invalid` at the place, or another code. */
export function refuse(
  place: Place,
  message: string,
  value?: unknown,
  code: 'query_invalid' | 'query_operator_refused' = 'query_invalid',
): never {
  const field = shortField(place.field);
  throw new QueryError(code, `${field === '' ? 'The query' : field}: ${message}`, {
    field,
    ...(value === undefined ? {} : { value: shownValue(plain(value)) }),
  });
}

/** A value for a message: words and patterns as they were written. */
function plain(value: unknown): unknown {
  if (value instanceof BareWord) return value.text;
  return value instanceof RegexLiteral ? `/${value.source}/${value.options}` : value;
}

/** A number as JSON writes it. Words of other shapes (`007`, `+5`, `0x1f`) are texts. */
const NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;

/** The number, boolean or null a word writes, undefined where it writes none. Integers beyond 2^53 stay texts. */
function typedWord(text: string): number | boolean | null | undefined {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null') return null;
  if (!NUMBER.test(text)) return undefined;
  const number = Number(text);
  if (!Number.isFinite(number) || (/^-?[0-9]+$/.test(text) && !Number.isSafeInteger(number))) return undefined;
  return number;
}

/** The values a bare word equals at its place; one, or the text and its number or boolean. */
export function valuesOfWord(word: BareWord, rule: WordRule): readonly Json[] {
  const typed = typedWord(word.text);
  if (typed === null) return [null];
  if (typed === undefined || rule === 'text') return [word.text];
  return rule === 'facts' ? [word.text, typed] : [typed];
}

/** A value where one only can stand: an order, an element of an array, a field of an object. Keys are coded. */
export function operand(source: unknown, place: Place): Json {
  place.budget.value(place.field);
  if (source instanceof BareWord) {
    const typed = place.words === 'text' ? undefined : typedWord(source.text);
    return typed === undefined ? source.text : typed;
  }
  if (source instanceof RegexLiteral) return refuse(place, 'a regular expression cannot be compared with', source);
  switch (typeof source) {
    case 'string':
    case 'boolean':
      return source;
    case 'number':
      return Number.isFinite(source) ? source : refuse(place, 'is not a finite number', String(source));
    case 'object':
      break;
    default:
      return refuse(place, `is ${typeof source}, which JSON does not have`);
  }
  if (source === null) return null;
  if (Array.isArray(source)) {
    place.budget.list(source.length, place.field);
    return source.map((item, i) => operand(item, placeIn(place, `[${i}]`)));
  }
  const object: Record<string, Json> = Object.create(null) as Record<string, Json>;
  for (const key of Object.keys(source)) {
    object[codeKey(key)] = operand((source as Record<string, unknown>)[key], placeIn(place, key));
  }
  return object;
}

/** The values that equality at this place means; more than one for a bare word on a fact. */
export function equalities(source: unknown, place: Place): readonly Json[] {
  if (!(source instanceof BareWord)) return [operand(source, place)];
  place.budget.value(place.field);
  return valuesOfWord(source, place.words);
}
