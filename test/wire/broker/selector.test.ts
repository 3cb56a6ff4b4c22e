import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSelector, WireError } from '../../../wire/index.ts';

const headers = { mc_identity: 'web1', size: '10', colour: 'red', empty: '', 'reply-to': '/queue/x', odd: "it's 50%" };

describe('a selector', () => {
  const rows: readonly (readonly [string, boolean])[] = [
    ["mc_identity = 'web1'", true],
    ["mc_identity = 'web2'", false],
    ["mc_identity = 'WEB1'", false],
    ["mc_identity <> 'web2'", true],
    ["nothing = 'x'", false],
    ["nothing <> 'x'", false],
    ["NOT nothing = 'x'", false],
    ["NOT (nothing = 'x' AND mc_identity = 'web2')", true],
    ["nothing = 'x' OR mc_identity = 'web1'", true],
    ["mc_identity = 'web1' and colour = 'red'", true],
    ["mc_identity = 'web1' AND colour = 'blue' OR size = 10", true],
    ["mc_identity = 'web2' AND (colour = 'blue' OR size = 10)", false],
    ['size = 10', true],
    ['size = 10.0', true],
    ["size = '10'", true],
    ["size = '10.0'", false],
    ['size > 9', true],
    ['size >= 10.5', false],
    ['size < -1', false],
    ['size BETWEEN 5 AND 10', true],
    ['size NOT BETWEEN 5 AND 10', false],
    ['colour > 5', false],
    ['NOT colour > 5', false],
    ["colour IN ('blue', 'red')", true],
    ["colour NOT IN ('blue')", true],
    ["nothing NOT IN ('blue')", false],
    ['size IN (1, 10)', true],
    ["colour LIKE 'r%'", true],
    ["colour LIKE '_ed'", true],
    ["colour LIKE '_d'", false],
    ["colour NOT LIKE '%e%'", false],
    ["odd LIKE '%50!%' ESCAPE '!'", true],
    ["odd LIKE 'it''s%'", true],
    ["nothing LIKE '%'", false],
    ['nothing IS NULL', true],
    ['colour IS NOT NULL', true],
    ['empty IS NULL', false],
    ['toString IS NULL', true],
    ["reply-to = '/queue/x'", true],
    ['TRUE', true],
    ['NOT FALSE', true],
  ];
  for (const [source, expected] of rows) {
    it(`${source} is ${expected}`, () => {
      expect(parseSelector(source).matches(headers)).toBe(expected);
    });
  }

  const bad: readonly (readonly [string, number])[] = [
    ['', 0],
    ['a', 1],
    ['a =', 3],
    ["a = 'x", 4],
    ["a = 'x' b", 8],
    ["(a = 'x'", 8],
    ['a IN ()', 6],
    ["a IN ('x' 'y')", 10],
    ['a IS x', 5],
    ['a NOT x', 6],
    ['a LIKE 5', 7],
    ['a ; b', 2],
    ['a BETWEEN 1 OR 2', 12],
  ];
  for (const [source, offset] of bad) {
    it(`cannot be ${JSON.stringify(source)}, and says where`, () => {
      expect(() => parseSelector(source)).toThrow(expect.objectContaining({ code: 'selector_invalid', offset }));
    });
  }

  it('has bounds of length, depth and terms', () => {
    for (const source of [
      `a = '${'x'.repeat(5000)}'`,
      `${'('.repeat(40)}a = 1${')'.repeat(40)}`,
      `${'NOT '.repeat(1000)}a = 1`,
      Array(300).fill('a = 1').join(' OR '),
      `a IN (${Array(300).fill('1').join(',')})`,
    ]) {
      expect(() => parseSelector(source)).toThrow(expect.objectContaining({ code: 'selector_invalid' }));
    }
  });

  it('tells where it is one equality, so that brokers can look subscribers up', () => {
    expect(parseSelector("mc_identity = 'it''s'").equality).toEqual({ name: 'mc_identity', value: "it's" });
    for (const other of ["NOT a = 'x'", "a <> 'x'", 'a = 1', "a = 'x' OR b = 'y'", "(a = 'x')"]) {
      expect(parseSelector(other).equality).toBeUndefined();
    }
  });

  it('throws nothing but its own error for any text, and takes no time', () => {
    const word = fc.constantFrom(
      'a',
      "'x'",
      '1',
      '=',
      '<>',
      '(',
      ')',
      ',',
      'AND',
      'OR',
      'NOT',
      'IN',
      'LIKE',
      'IS',
      'NULL',
      'BETWEEN',
      "'%_%'",
      ' ',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word, { maxLength: 12 }).map((words) => words.join(' ')),
        ),
        (source) => {
          try {
            parseSelector(source).matches(headers);
          } catch (error) {
            expect((error as WireError).code).toBe('selector_invalid');
            expect(error).toBeInstanceOf(WireError);
          }
        },
      ),
      { numRuns: 3000 },
    );
    const started = performance.now();
    parseSelector(`odd LIKE '${'%a'.repeat(100)}b'`).matches({ odd: 'a'.repeat(8000) });
    expect(performance.now() - started).toBeLessThan(200);
  });

  it('follows the three-valued tables for any tree of AND, OR, NOT', () => {
    type Tree = { text: string; value: boolean | undefined };
    const leaf = fc.constantFrom<Tree>(
      { text: "colour = 'red'", value: true },
      { text: "colour = 'blue'", value: false },
      { text: "nothing = 'x'", value: undefined },
    );
    const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => ({
          text: `(${a.text} AND ${b.text})`,
          value: a.value === false || b.value === false ? false : a.value === undefined ? undefined : b.value,
        })),
        fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => ({
          text: `(${a.text} OR ${b.text})`,
          value: a.value === true || b.value === true ? true : a.value === undefined ? undefined : b.value,
        })),
        tie('tree').map((a) => ({ text: `NOT ${a.text}`, value: a.value === undefined ? undefined : !a.value })),
      ),
    }));
    fc.assert(
      fc.property(tree, ({ text, value }) => {
        expect(parseSelector(text).matches(headers)).toBe(value === true);
      }),
      { numRuns: 1000 },
    );
  });
});
