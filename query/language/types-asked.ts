import type { FieldPath, Json } from '../../core/index.ts';
import type { Condition, Test, TypeName } from './ast.ts';
import { typeOfValue } from './compare.ts';
import { isPattern } from './operators.ts';
import { someAt } from './walk.ts';

/*
 * Which type a condition asks for, and which it met instead: the account's `otherType`. `8` and `"8"` are different to
 * MongoDB, and whoever asks for one in a fleet that has both should be told.
 */

/** One condition that compares with values of a type. */
export interface TypedCondition {
  readonly path: FieldPath;
  /** As written: `$eq`, `$gt`, `$in`, `$regex`, `$mod`. */
  readonly operator: string;
  /** The type asked for; several where the condition lists values of several: `string or number`. */
  readonly asked: string;
  /**
   * The types met instead, by what stands at a column and what remains of the path below it; empty where any value met
   * is of a type asked for, and where there is none.
   */
  readonly met: (value: Json | undefined, restOfPath: readonly string[]) => readonly TypeName[];
}

/** The types a test asks for; empty where it asks for none in particular (`$exists`, `$type`, null, `$mc`). */
export function typesAsked(test: Test): readonly TypeName[] {
  switch (test.op) {
    case '$eq':
    case '$ne':
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return test.value === null ? [] : [typeOfValue(test.value)];
    case '$in':
    case '$nin': {
      const types = new Set<TypeName>();
      for (const value of test.values) types.add(isPattern(value) ? 'string' : typeOfValue(value));
      // Null among them asks for absence, which has no type.
      types.delete('null');
      return [...types];
    }
    case '$regex':
      return ['string'];
    case '$mod':
      return ['number'];
    case '$size':
    case '$elemMatch':
    case '$elemMatchValue':
      return ['array'];
    default:
      return [];
  }
}

/** Every condition of a query that asks for a type, in the order written. Inside `$elemMatch` is not looked. */
export function typedConditions(condition: Condition): readonly TypedCondition[] {
  if (condition.kind !== 'field') return condition.of.flatMap(typedConditions);
  return typedTests(condition.test).map(({ test, asked }) => ({
    path: condition.path,
    operator: test.op === '$elemMatchValue' ? '$elemMatch' : test.op,
    asked: asked.join(' or '),
    met: (value, rest) => typesMet(asked, value, rest),
  }));
}

function typedTests(test: Test): readonly { readonly test: Test; readonly asked: readonly TypeName[] }[] {
  switch (test.op) {
    case '$not':
      return typedTests(test.test);
    case 'and':
    case '$all':
      return test.tests.flatMap(typedTests);
    default: {
      const asked = typesAsked(test);
      return asked.length === 0 ? [] : [{ test, asked }];
    }
  }
}

/** The types met where none is of those asked for. An array counts by its elements, unless arrays are asked for. */
function typesMet(asked: readonly TypeName[], value: Json | undefined, rest: readonly string[]): readonly TypeName[] {
  const met = new Set<TypeName>();
  const found = someAt(value, rest, 0, 'elements', (item) => {
    if (item === undefined) return false;
    const type = typeOfValue(item);
    if (asked.includes(type)) return true;
    // Null is a fact without a value, not one of another type; so is a list without elements, such as classes: [].
    if (type !== 'null' && !(Array.isArray(item) && item.length === 0)) met.add(type);
    return false;
  });
  if (found) return [];
  // The array itself comes last; where its elements were met, they are what the condition was about.
  if (met.size > 1) met.delete('array');
  return [...met];
}
