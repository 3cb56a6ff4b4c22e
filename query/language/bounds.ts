import { QueryError } from './errors.ts';

/** Bounds of one query, whatever front end it came by. `query_too_large` */
export const queryLimits = Object.freeze({
  /** Conditions in all, each entry of `$and`, each operator, each entry of `$all`. */
  clausesMax: 2_000,
  /** Levels of nesting, operators and operands together. */
  depthMax: 64,
  /** Values of one `$in`, `$nin`, `$all`. */
  listMax: 10_000,
  /** Characters of a query written as text. */
  textCharactersMax: 1024 * 1024,
  /** Values in operands (objects and arrays to compare with) and lists, in all. */
  valuesMax: 50_000,
});

/** Counts the parts of a query while it is read. */
export class QueryBudget {
  #clauses = 0;
  #values = 0;

  /** @throws QueryError `query_too_large` */
  clause(field: string): void {
    this.#clauses += 1;
    if (this.#clauses > queryLimits.clausesMax) tooLarge(field, `more than ${queryLimits.clausesMax} conditions`);
  }

  /** @throws QueryError `query_too_large` */
  value(field: string): void {
    this.#values += 1;
    if (this.#values > queryLimits.valuesMax) tooLarge(field, `more than ${queryLimits.valuesMax} values`);
  }

  /** @throws QueryError `query_too_large` */
  depth(levels: number, field: string): void {
    if (levels > queryLimits.depthMax) tooLarge(field, `more than ${queryLimits.depthMax} levels of nesting`);
  }

  /** @throws QueryError `query_too_large` */
  list(length: number, field: string): void {
    if (length > queryLimits.listMax) tooLarge(field, `${length} entries in one list, over ${queryLimits.listMax}`);
  }
}

function tooLarge(field: string, what: string): never {
  throw new QueryError('query_too_large', `The query has ${what} at ${shortField(field)}`, {
    field: shortField(field),
  });
}

const FIELD_CHARACTERS_MAX = 200;

/** The place in a query for a message; deep places keep their beginning. */
export function shortField(field: string): string {
  return field.length <= FIELD_CHARACTERS_MAX ? field : `${field.slice(0, FIELD_CHARACTERS_MAX)}…`;
}
