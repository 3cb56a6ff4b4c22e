import { type Json, storedPath } from '../../core/index.ts';
import type { Condition, Pattern, Test } from './ast.ts';
import { isPattern } from './operators.ts';

/*
 * A query as a MongoDB server takes it: the same tree as a document, paths coded as stored. What a server could not be
 * told in JSON alone gives undefined: `$mc` tests, regular expressions inside `$in` and `$all`, words of two meanings
 * inside `$all`, and conditions that are never or always true by construction. Regular expressions go as written: a
 * server reads them as PCRE, which takes RE2's syntax but lets `$` stand before a last line end too.
 */

/** The MongoDB document of a condition; undefined where there is none. */
export function toMongo(condition: Condition): Json | undefined {
  if (condition.kind === 'field') {
    const operators = operatorsOf(condition.test);
    return operators === undefined ? undefined : { [storedPath(condition.path)]: operators };
  }
  if (condition.of.length === 0) return condition.kind === 'and' ? {} : undefined;
  const parts: Json[] = [];
  for (const part of condition.of) {
    const document = toMongo(part);
    if (document === undefined) return undefined;
    parts.push(document);
  }
  return { [`$${condition.kind}`]: parts };
}

function operatorsOf(test: Test): { readonly [operator: string]: Json } | undefined {
  switch (test.op) {
    case '$eq':
    case '$ne':
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return { [test.op]: test.value };
    case '$in':
    case '$nin': {
      const values = test.values.filter((value): value is Json => !isPattern(value));
      return values.length === test.values.length ? { [test.op]: values } : undefined;
    }
    case '$exists':
      return { $exists: test.exists };
    case '$type':
      return { $type: [...test.types] };
    case '$regex':
      return regexOf(test.pattern);
    case '$not': {
      const inner = operatorsOf(test.test);
      return inner === undefined ? undefined : { $not: inner };
    }
    case 'and':
      return together(test.tests);
    case '$all':
      return allOf(test.tests);
    case '$elemMatch': {
      const inner = toMongo(test.condition);
      return inner === undefined ? undefined : { $elemMatch: inner };
    }
    case '$elemMatchValue': {
      const inner = operatorsOf(test.test);
      return inner === undefined ? undefined : { $elemMatch: inner };
    }
    case '$size':
      return { $size: test.size };
    case '$mod':
      return { $mod: [test.divisor, test.remainder] };
    case '$mc':
      return undefined;
  }
}

function regexOf(pattern: Pattern): { readonly [operator: string]: Json } | undefined {
  if (pattern.options.includes('r')) return undefined;
  return pattern.options === ''
    ? { $regex: pattern.source }
    : { $regex: pattern.source, $options: [...new Set(pattern.options)].join('') };
}

/** Operators beside each other; undefined where two would need the same name. */
function together(tests: readonly Test[]): { readonly [operator: string]: Json } | undefined {
  const document: Record<string, Json> = {};
  for (const test of tests) {
    const operators = operatorsOf(test);
    if (operators === undefined) return undefined;
    for (const [name, value] of Object.entries(operators)) {
      if (Object.hasOwn(document, name)) return undefined;
      document[name] = value;
    }
  }
  return document;
}

function allOf(tests: readonly Test[]): { readonly [operator: string]: Json } | undefined {
  const entries: Json[] = [];
  for (const test of tests) {
    if (test.op === '$eq') entries.push(test.value);
    else if (test.op === '$elemMatch' || test.op === '$elemMatchValue') {
      const inner = operatorsOf(test);
      if (inner === undefined) return undefined;
      entries.push(inner);
    } else return undefined;
  }
  return { $all: entries };
}
