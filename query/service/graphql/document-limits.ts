import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Lexer,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  Source,
  TokenKind,
} from 'graphql';
import { ServiceError } from '../service-error.ts';
import { graphqlLimits, serviceLimits } from '../service-limits.ts';

/*
 * Bounds a GraphQL document before anything that walks it recursively, merges its fields or compiles it sees it. Three
 * steps: its tokens are counted without recursion, then it is parsed, then its fields are counted with every fragment
 * put in. A fragment is counted once, however often it is spread, so a chain of fragments that doubles at each link is
 * counted in no time, which is the point.
 */

/** A document within its bounds, and what its size comes to for given variables. */
export interface MeasuredDocument {
  /** Throws ServiceError `graphql_too_deep` where the answer could hold more values than one answer may. */
  checkValues(operationName: string | undefined, variables: Readonly<Record<string, unknown>>): void;
}

/** Measures a document. Throws ServiceError `graphql_invalid`, `graphql_too_deep`, `request_too_large`. */
export function measureDocument(text: string): MeasuredDocument {
  if (text.length > graphqlLimits.documentCharactersMax) {
    throw new ServiceError('request_too_large', `The GraphQL document has ${text.length} characters`, {
      field: 'query',
      value: text.length,
    });
  }
  checkTokens(text);
  const document = parsed(text);
  const operations = document.definitions.filter((one) => one.kind === 'OperationDefinition');
  const fragments = new Map(
    document.definitions.filter((one) => one.kind === 'FragmentDefinition').map((one) => [one.name.value, one]),
  );
  const measure = createMeasure(fragments);
  for (const operation of operations) checkShape(operation, measure);
  return {
    checkValues: (operationName, variables) => {
      const operation = operations.find((one) => operationName === undefined || one.name?.value === operationName);
      if (operation !== undefined) checkValues(operation, fragments, measure, variables);
    },
  };
}

function tooDeep(what: string, count: number, max: number): never {
  throw new ServiceError('graphql_too_deep', `The GraphQL document has ${count} ${what}, at most ${max} are answered`, {
    field: 'query',
    value: count,
  });
}

function checkTokens(text: string): void {
  const lexer = new Lexer(new Source(text));
  let tokens = 0;
  let depth = 0;
  try {
    for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
      if (++tokens > graphqlLimits.tokensMax) tooDeep('tokens', tokens, graphqlLimits.tokensMax);
      if (token.kind === TokenKind.BRACE_L || token.kind === TokenKind.BRACKET_L) depth += 1;
      else if (token.kind === TokenKind.BRACE_R || token.kind === TokenKind.BRACKET_R) depth -= 1;
      if (depth > graphqlLimits.introspectionDepthMax * 2)
        tooDeep('levels of braces', depth, graphqlLimits.introspectionDepthMax * 2);
    }
  } catch (error) {
    throw syntaxError(error);
  }
}

function parsed(text: string): DocumentNode {
  try {
    return parse(text, { maxTokens: graphqlLimits.tokensMax + 1 });
  } catch (error) {
    throw syntaxError(error);
  }
}

function syntaxError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  const { message, positions } = error as { message: string; positions?: readonly number[] };
  return new ServiceError('graphql_invalid', message, {
    field: 'query',
    ...(positions?.[0] === undefined ? {} : { offset: positions[0] }),
  });
}

interface Size {
  readonly depth: number;
  readonly introspectionDepth: number;
  readonly fields: number;
  /** Fields, the heavy ones counted for what they cost. */
  readonly values: number;
  /** Most fields of one name in one selection, spread fragments counted in. */
  readonly aliases: number;
  readonly perName: ReadonlyMap<string, number>;
}

type Measure = (selections: SelectionSetNode | undefined) => Size;

function createMeasure(fragments: ReadonlyMap<string, FragmentDefinitionNode>): Measure {
  const known = new Map<string, Size>();
  const underWay = new Set<string>();
  const ofFragment = (name: string): Size => {
    const found = known.get(name);
    if (found !== undefined) return found;
    // A cycle is refused by validation, which comes later and would not get that far.
    if (underWay.has(name)) tooDeep(`levels, since fragment ${name} holds itself:`, 0, graphqlLimits.depthMax);
    underWay.add(name);
    const size = measure(fragments.get(name)?.selectionSet);
    underWay.delete(name);
    known.set(name, size);
    return size;
  };
  const measure: Measure = (selections) => {
    let depth = 0;
    let introspectionDepth = 0;
    let fields = 0;
    let values = 0;
    let aliases = 0;
    const perName = new Map<string, number>();
    const add = (size: Size, levels: number): void => {
      depth = Math.max(depth, size.depth + levels);
      introspectionDepth = Math.max(introspectionDepth, size.introspectionDepth);
      fields = Math.min(fields + size.fields + levels, Number.MAX_SAFE_INTEGER);
      values = Math.min(values + size.values + levels, Number.MAX_SAFE_INTEGER);
      aliases = Math.max(aliases, size.aliases);
    };
    for (const selection of selections?.selections ?? []) {
      if (selection.kind === 'Field') {
        const name = selection.name.value;
        const below = measure(selection.selectionSet);
        if (name === 'facts' && selection.selectionSet === undefined && selection.arguments?.length === 0) {
          values += graphqlLimits.wholeFactsValues - 1;
        }
        const introspects = name === '__schema' || name === '__type';
        add(introspects ? { ...below, depth: 0, introspectionDepth: below.depth } : below, 1);
        perName.set(name, (perName.get(name) ?? 0) + 1);
      } else {
        const inside =
          selection.kind === 'FragmentSpread' ? ofFragment(selection.name.value) : measure(selection.selectionSet);
        add(inside, 0);
        for (const [name, count] of inside.perName) perName.set(name, (perName.get(name) ?? 0) + count);
      }
    }
    for (const count of perName.values()) aliases = Math.max(aliases, count);
    return { depth, introspectionDepth, fields, values, aliases, perName };
  };
  return measure;
}

function checkShape(operation: OperationDefinitionNode, measure: Measure): void {
  const size = measure(operation.selectionSet);
  const { depthMax, introspectionDepthMax, fieldsMax, rootFieldsMax, aliasesMax } = graphqlLimits;
  if (size.depth > depthMax) tooDeep('levels of fields', size.depth, depthMax);
  if (size.introspectionDepth > introspectionDepthMax)
    tooDeep('levels of introspection', size.introspectionDepth, introspectionDepthMax);
  if (size.fields > fieldsMax) tooDeep('fields', size.fields, fieldsMax);
  const roots = [...size.perName.values()].reduce((sum, count) => sum + count, 0);
  if (roots > rootFieldsMax) tooDeep('questions', roots, rootFieldsMax);
  if (size.aliases > aliasesMax) tooDeep('aliases of one field', size.aliases, aliasesMax);
}

/** Nodes times fields over all questions of an operation. Shape is bounded already, so this walk is too. */
function checkValues(
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  measure: Measure,
  variables: Readonly<Record<string, unknown>>,
): void {
  let values = 0;
  const visit = (selections: SelectionSetNode): void => {
    for (const selection of selections.selections) {
      if (selection.kind === 'FragmentSpread') {
        const fragment = fragments.get(selection.name.value);
        if (fragment !== undefined) visit(fragment.selectionSet);
      } else if (selection.kind === 'InlineFragment') visit(selection.selectionSet);
      else values += pageOf(selection, variables) * (measure(selection.selectionSet).values + 1);
    }
  };
  visit(operation.selectionSet);
  if (values > graphqlLimits.valuesMax) {
    tooDeep('values in its answer (nodes times fields)', values, graphqlLimits.valuesMax);
  }
}

/** How many things a question may give by its page size; the largest page where it cannot be told. */
function pageOf(question: FieldNode, variables: Readonly<Record<string, unknown>>): number {
  const name = question.name.value;
  if (name !== 'nodes' && name !== 'facets') return 1;
  const size = question.arguments?.find((one) => one.name.value === (name === 'nodes' ? 'first' : 'limit'));
  const byDefault = name === 'nodes' ? serviceLimits.pageDefault : serviceLimits.facetValuesDefault;
  if (size === undefined) return byDefault;
  const max = name === 'nodes' ? serviceLimits.pageMax : serviceLimits.facetValuesMax;
  const given =
    size.value.kind === 'IntValue'
      ? Number(size.value.value)
      : size.value.kind === 'Variable'
        ? variables[size.value.name.value]
        : max;
  return typeof given === 'number' && given >= 0 ? Math.min(given, max) : max;
}
