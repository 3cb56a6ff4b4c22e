import { codeKey, type Json, type JsonObject, type NodeDocument } from '../../core/index.ts';
import type { Selector } from '../../registry/index.ts';
import type { Condition, Query, Test } from './ast.ts';
import { type Compiler, type Operators, type Rule, operators as standard } from './operators.ts';
import { type ElementTest, someAt, someInFields } from './walk.ts';

/*
 * Evaluates queries. The same tests run on whole documents (`compileQuery`) and on what stands at one column
 * (`testAtPath`, `needsObjectContent`, `matchesObject`), so that both give the same answers.
 */

/** A test made ready to run on what stands at its path, or at a column on the way to it. */
export interface ValueTest {
  /**
   * True where the test holds. `value` is what stands at a column (undefined: nothing); `rest` is what remains of the
   * path below it, coded, to be looked for inside an array or an object.
   */
  readonly at: (value: Json | undefined, rest: readonly string[]) => boolean;
  /** True where the result for an object at the path depends on what is in it. */
  readonly readsObjects: boolean;
}

/** A way to evaluate queries: the standard one is {@link matcher}; tests make broken ones. */
export interface Matcher {
  readonly compileTest: (test: Test) => ValueTest;
  readonly compileQuery: (query: Query) => (node: NodeDocument) => boolean;
}

/** Makes a matcher of a table of operators. */
export function createMatcher(table: Operators): Matcher {
  const ruleOf = (test: Test): Rule => {
    const entry = table.tests[test.op] as (test: Test, compiler: Compiler) => Rule;
    return entry(test, compiler);
  };
  const conditionOf = (condition: Condition): ((value: Json) => boolean) => {
    if (condition.kind !== 'field') return table.joins[condition.kind](condition.of.map(conditionOf));
    const path = condition.path.map(codeKey);
    const rule = ruleOf(condition.test);
    return (value) => evaluateInFields(rule, value as JsonObject, path);
  };
  const compiler: Compiler = { rule: ruleOf, inside: conditionOf, single };
  return {
    compileTest: (test) => {
      const rule = ruleOf(test);
      return { at: (value, rest) => evaluate(rule, value, rest), readsObjects: readsObjects(rule) };
    },
    compileQuery: (query) => {
      const matches = conditionOf(query.where);
      return (node) => matches(node as unknown as JsonObject);
    },
  };
}

function evaluate(rule: Rule, value: Json | undefined, rest: readonly string[]): boolean {
  switch (rule.kind) {
    case 'element':
      return someAt(value, rest, 0, rule.atEnd, rule.matches);
    case 'not':
      return !evaluate(rule.rule, value, rest);
    case 'every':
      return rule.rules.every((part) => evaluate(part, value, rest));
    case 'never':
      return false;
  }
}

function evaluateInFields(rule: Rule, document: JsonObject | readonly Json[], path: readonly string[]): boolean {
  switch (rule.kind) {
    case 'element':
      return someInFields(document, path, 0, rule.atEnd, rule.matches);
    case 'not':
      return !evaluateInFields(rule.rule, document, path);
    case 'every':
      return rule.rules.every((part) => evaluateInFields(part, document, path));
    case 'never':
      return false;
  }
}

/** The rule on one value by itself, as `$elemMatch` asks its elements: an array there is not entered. */
function single(rule: Rule): ElementTest {
  switch (rule.kind) {
    case 'element':
      return rule.matches;
    case 'not': {
      const inner = single(rule.rule);
      return (value) => !inner(value);
    }
    case 'every': {
      const parts = rule.rules.map(single);
      return (value) => parts.every((part) => part(value));
    }
    case 'never':
      return () => false;
  }
}

function readsObjects(rule: Rule): boolean {
  switch (rule.kind) {
    case 'element':
      return rule.readsObjects;
    case 'not':
      return readsObjects(rule.rule);
    case 'every':
      return rule.rules.some(readsObjects);
    case 'never':
      return false;
  }
}

/** The standard evaluation. */
export const matcher: Matcher = createMatcher(standard);

/** A test made ready to run. */
export function compileTest(test: Test): ValueTest {
  return matcher.compileTest(test);
}

/**
 * The test on what stands at a leaf column: `value` is the scalar, the array, or undefined for nothing; `restOfPath` are
 * the coded segments of the asked path beyond that column, to be looked for inside an array.
 */
export function testAtPath(test: Test, restOfPath: readonly string[]): (value: Json | undefined) => boolean {
  const compiled = compileTest(test);
  return (value) => compiled.at(value, restOfPath);
}

/**
 * True where the result on an object at the path depends on what is in that object (operands that are objects, `$mc` on
 * the keys of a map): then the document must be read.
 */
export function needsObjectContent(test: Test): boolean {
  return compileTest(test).readsObjects;
}

/** The result for any object at the path, where {@link needsObjectContent} is false. */
export function matchesObject(test: Test): boolean {
  return compileTest(test).at({}, []);
}

/** The query as a function on whole documents with coded keys, after MongoDB's rules. */
export function compileQuery(query: Query): (node: NodeDocument) => boolean {
  return matcher.compileQuery(query);
}

/** What a store's `find` takes. */
export function selectorOf(query: Query): Selector {
  return { mongo: query.mongo, matches: compileQuery(query) };
}
