import { CoreError, type FieldPath, factPath, type Json } from '../../core/index.ts';
import type { Condition, McOperator, Test } from './ast.ts';
import type { CompoundToken, CompoundTree, FunctionStatement } from './compound.ts';
import { QueryError } from './errors.ts';
import { valuesOfWord } from './operand.ts';
import { compilePattern, patternOfTexts } from './pattern.ts';
import { BareWord } from './source.ts';

/*
 * What the parts of MCollective's filters mean on a node document (protocol page 2.4 to 2.6).
 */

/** A condition that no node fulfils, and that is known of every node. */
export const NEVER: Condition = Object.freeze({ kind: 'or', of: [] });
/** A condition that every node fulfils. */
export const ALWAYS: Condition = Object.freeze({ kind: 'and', of: [] });

const field = (path: FieldPath, test: Test): Condition => ({ kind: 'field', path, test });

/** All of them; a single one by itself. */
export function allOf(parts: readonly Condition[]): Condition {
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'and', of: parts };
}

/** An element that starts with a slash is a regular expression: every slash goes, the rest is searched anywhere. */
function patternOfElement(element: string, at: string) {
  return compilePattern(element.replaceAll('/', ''), 'r', at);
}

/** A class by its exact name, or `/re/` on each. */
export function classCondition(element: string): Condition {
  return element.startsWith('/')
    ? field(['classes'], { op: '$regex', pattern: patternOfElement(element, 'class') })
    : field(['classes'], { op: '$eq', value: element });
}

/** An agent by its exact name, or `/re/` on each; every node passes `mcollective`. */
export function agentCondition(element: string): Condition {
  if (element === 'mcollective') return ALWAYS;
  return element.startsWith('/')
    ? field(['agentlist'], { op: '$regex', pattern: patternOfElement(element, 'agent') })
    : field(['agentlist'], { op: '$eq', value: element });
}

/** A regular expression object as Ruby sends it; options: 1 ignores case, 2 extended, 4 dot matches line ends. */
export interface WireRegexp {
  readonly $regexp: string;
  readonly options: number;
}

/** The options of a Ruby regular expression as letters, `r` for its line anchors. */
export function rubyOptions(options: number): string {
  return `r${options & 1 ? 'i' : ''}${options & 2 ? 'x' : ''}${options & 4 ? 's' : ''}`;
}

/**
 * Exactly one of the elements must match: several names work as alternatives, a name given twice shuts its node out, and
 * so does a name beside a regular expression that fits it too. Names are compared in lower case.
 */
export function identityCondition(elements: readonly (string | WireRegexp)[]): Condition {
  const names = new Map<string, number>();
  const patterns: Test[] = [];
  for (const element of elements) {
    if (typeof element === 'string' && !element.startsWith('/')) {
      const name = element.toLowerCase();
      names.set(name, (names.get(name) ?? 0) + 1);
    } else {
      const pattern =
        typeof element === 'string'
          ? patternOfElement(element, 'identity')
          : compilePattern(element.$regexp, rubyOptions(element.options), 'identity');
      patterns.push({ op: '$regex', pattern });
    }
  }
  const named = (list: readonly string[]): Condition[] =>
    list.length === 0 ? [] : [field(['identity'], { op: '$regex', pattern: patternOfTexts(list, true) })];
  const once = named([...names].filter(([, times]) => times === 1).map(([name]) => name));
  const twice = named([...names].filter(([, times]) => times > 1).map(([name]) => name));
  const alternatives = [...once, ...patterns.map((test) => field(['identity'], test))];
  if (alternatives.length === 1 && twice.length === 0) return alternatives[0] as Condition;
  return {
    kind: 'or',
    of: alternatives.map((alternative): Condition => {
      const others = [...alternatives.filter((other) => other !== alternative), ...twice];
      return others.length === 0 ? alternative : allOf([alternative, { kind: 'nor', of: others }]);
    }),
  };
}

/** A fact by its name, nested (`os.name`) or flat with that very name, which comes first. */
function onFact(name: string, test: Test): Condition {
  const flat: FieldPath = ['facts', name];
  const nested = nestedPath(name);
  if (nested === undefined || nested.length === 2) return field(nested ?? flat, test);
  return {
    kind: 'or',
    of: [
      allOf([field(flat, { op: '$exists', exists: true }), field(flat, test)]),
      allOf([field(flat, { op: '$exists', exists: false }), field(nested, test)]),
    ],
  };
}

function nestedPath(name: string): FieldPath | undefined {
  try {
    return factPath(name);
  } catch (error) {
    // A name such as `a..b` is no path, but may be the flat name of a fact.
    if (error instanceof CoreError) return undefined;
    throw error;
  }
}

const OPERATORS: ReadonlySet<string> = new Set<McOperator>(['==', '=~', '!=', '>=', '<=', '>', '<']);

/** A fact compared as a stock node does. Operators other than the known ones match nothing. */
export function factCondition(name: string, operator: string, value: string): Condition {
  if (!OPERATORS.has(operator)) return NEVER;
  const known = operator as McOperator;
  if (known !== '=~') return onFact(name, { op: '$mc', operator: known, value });
  const source = /^\/.+\/$/s.test(value) ? value.slice(1, -1) : value;
  return onFact(name, { op: '$mc', operator: known, value, pattern: compilePattern(source, 'r', name) });
}

/** A statement of a compound filter: `/re/` and plain words are classes, `name=value` is a fact. */
function statementCondition(statement: string): Condition {
  if (statement.startsWith('/')) return classCondition(statement);
  const sign = /<=|>=|[=<>]/.exec(statement);
  if (sign === null) return classCondition(statement);
  const name = statement.slice(0, sign.index);
  const value = statement.slice(sign.index + sign[0].length);
  if (name === '') return NEVER;
  if (value.startsWith('/')) return factCondition(name, '=~', value);
  return factCondition(name, sign[0] === '=' ? '==' : sign[0], value);
}

/** Facts that a data plugin compares are single values: arrays and maps equal no text. */
const SCALAR: Test = { op: '$not', test: { op: '$type', types: ['array', 'object'] } };

/**
 * The data plugin `fact`, which stored facts can answer: `fact('os.name').value=Debian`, `fact('a').exists=true`.
 * Regular expressions test texts only; `<` and the like numbers only.
 * @throws QueryError `query_invalid` for other plugins and fields: only live nodes know them.
 */
function functionCondition(statement: FunctionStatement): Condition {
  const call = `${statement.name}(${statement.params === null ? '' : `'${statement.params}'`})`;
  const refuse = (why: string, remedy: string): never => {
    throw new QueryError('query_invalid', `Compound filter: ${call} ${why}`, {
      field: 'compound',
      value: call,
      remedy,
    });
  };
  if (statement.name !== 'fact')
    return refuse('is a data plugin, which only live nodes can answer', 'Ask the nodes themselves: mc-rpc, mc-ping');
  if (statement.params === null || statement.params === '')
    return refuse('names no fact', "Write fact('os.name').value=Debian");
  const name = statement.params;
  if (statement.value === 'exists') {
    const wanted = statement.r_compare === 'true';
    if (!wanted && statement.r_compare !== 'false') return NEVER;
    const exists = statement.operator === '==' ? wanted : !wanted;
    return statement.operator === '==' || statement.operator === '!=' ? onFact(name, { op: '$exists', exists }) : NEVER;
  }
  if (statement.value !== 'value')
    return refuse(`gives no field ${statement.value ?? '(none was named)'}`, 'Its fields are value and exists');
  const test = valueTest(statement);
  return test === undefined ? NEVER : onFact(name, { op: 'and', tests: [test, SCALAR] });
}

function valueTest({ operator, r_compare: right }: FunctionStatement): Test | undefined {
  if (typeof right !== 'string') {
    const pattern = compilePattern(right.$regexp, rubyOptions(right.options), 'compound');
    const matches: Test = { op: '$regex', pattern };
    if (operator !== '!=~') return matches;
    return {
      op: 'and',
      tests: [
        { op: '$type', types: ['string'] },
        { op: '$not', test: matches },
      ],
    };
  }
  const values = valuesOfWord(new BareWord(right), 'facts');
  const number = values.find((value) => typeof value === 'number');
  switch (operator) {
    case '==':
      return { op: '$in', values };
    case '!=':
      return {
        op: 'and',
        tests: [
          { op: '$nin', values },
          { op: '$nin', values: [null] },
        ],
      };
    case '<':
      return number === undefined ? undefined : { op: '$lt', value: number };
    case '<=':
      return number === undefined ? undefined : { op: '$lte', value: number };
    case '>':
      return number === undefined ? undefined : { op: '$gt', value: number };
    case '>=':
      return number === undefined ? undefined : { op: '$gte', value: number };
    default:
      return undefined;
  }
}

/** The condition of a compound filter's tree. @throws QueryError for data plugins that stored facts cannot answer. */
export function compoundCondition(tree: CompoundTree): Condition {
  switch (tree.kind) {
    case 'not':
      return { kind: 'nor', of: [compoundCondition(tree.of)] };
    case 'and':
    case 'or':
      return { kind: tree.kind, of: tree.of.map(compoundCondition) };
    case 'leaf':
      return leafCondition(tree.token);
  }
}

function leafCondition(token: CompoundToken): Condition {
  if ('statement' in token) return statementCondition(token.statement);
  return 'fstatement' in token ? functionCondition(token.fstatement) : NEVER;
}

/** True for what travels as a Regexp object. */
export function isWireRegexp(value: Json | undefined): value is Json & WireRegexp {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { $regexp, options } = value as { $regexp?: unknown; options?: unknown };
  return typeof $regexp === 'string' && typeof options === 'number';
}
