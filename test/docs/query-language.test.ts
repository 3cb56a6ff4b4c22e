import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { MusterError } from '../../core/index.ts';
import {
  ALLOWED_OPERATORS,
  type FilterOptions,
  judge,
  PATTERN_CHARACTERS_MAX,
  parseFilter,
  parseQueryText,
  parseRelaxedQuery,
  type Query,
  queryLimits,
  quoteValue,
} from '../../query/language/index.ts';
import { nodeDocument } from '../query/language/node-documents.ts';

const page = readFileSync(new URL('../../docs/query-language.md', import.meta.url), 'utf8');
const labNodes = JSON.parse(readFileSync(new URL('../data/lab-nodes.json', import.meta.url), 'utf8')) as Record<
  string,
  { facts: Record<string, unknown>; classes: string[]; collectives: string[] }
>;
const lab = Object.entries(labNodes).map(([identity, node]) => nodeDocument({ identity, ...node }));

const examples = [...page.matchAll(/^```(json|relaxed|filter) (.+)\n([\s\S]*?)\n```$/gm)].map((found) => ({
  form: found[1] as string,
  says: Object.fromEntries((found[2] as string).split(' ').map((pair) => pair.split('=') as [string, string])),
  text: found[3] as string,
}));

const OPTIONS: Readonly<Record<string, keyof FilterOptions>> = {
  '-F': 'facts',
  '-C': 'classes',
  '-A': 'agents',
  '-I': 'identities',
  '-W': 'with',
  '-S': 'compound',
  '-T': 'collective',
};

function filterOf(line: string): Query {
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((word) => word[1] ?? word[2] ?? '');
  const options: Record<string, string | string[]> = {};
  for (let i = 0; i < words.length; i += 2) {
    const name = OPTIONS[words[i] as string] as string;
    const value = words[i + 1] as string;
    if (name === 'compound' || name === 'collective') options[name] = value;
    else options[name] = [...((options[name] as string[] | undefined) ?? []), value];
  }
  return parseFilter(options);
}

const parse = (form: string, text: string): Query => (form === 'filter' ? filterOf(text) : parseQueryText(text));
const short = (list: readonly { identity: string }[]) => list.map((node) => node.identity.split('.')[0]).sort();

describe('every example of docs/query-language.md', () => {
  test('is found', () => {
    expect(examples.length).toBe(page.match(/^```(json|relaxed|filter)/gm)?.length);
    expect(examples.length).toBeGreaterThan(20);
  });

  for (const { form, says, text } of examples)
    test(text, () => {
      if (says.refused !== undefined) {
        expect(() => parse(form, text)).toThrow(MusterError);
        try {
          parse(form, text);
        } catch (error) {
          expect((error as MusterError).code).toBe(says.refused);
        }
        return;
      }
      const query = parse(form, text);
      const named = (list: string | undefined) => (list ?? '').split(',').filter(Boolean).sort();
      expect(short(lab.filter((node) => judge(query, node).matched))).toEqual(named(says.finds));
      if (says.unknown !== undefined)
        expect(short(lab.filter((node) => judge(query, node).truth === 'unknown'))).toEqual(named(says.unknown));
    });
});

test('the page names every operator and every bound', () => {
  for (const operator of ALLOWED_OPERATORS) expect(page).toContain(`\`${operator}\``);
  const number = (value: number) => value.toLocaleString('en-US');
  const { clausesMax, depthMax, listMax, valuesMax } = queryLimits;
  expect(page).toContain(
    `over ${number(clausesMax)} conditions, ${depthMax} levels, ${number(listMax)} values in a list, ${number(valuesMax)} in all`,
  );
  expect(page).toContain(`over ${number(PATTERN_CHARACTERS_MAX)} characters`);
});

test('the lines that hand values over do what they say', () => {
  const block = /^```js\n([\s\S]*?)\n```$/m.exec(page)?.[1] as string;
  const lines = block.split('\n');
  expect(lines).toHaveLength(2);
  for (const line of lines) {
    const made: unknown[] = [];
    for (const customer of ['acme', "acme', classes: 'apache"]) {
      const run = new Function('parseRelaxedQuery', 'quoteValue', 'customer', `return ${line}`);
      made.push((run(parseRelaxedQuery, quoteValue, customer) as Query).mongo);
    }
    expect(made).toEqual(
      ['acme', "acme', classes: 'apache"].map((customer) => ({
        $and: [{ 'facts.customer': { $eq: customer } }, { classes: { $eq: 'mysql::master' } }],
      })),
    );
  }
});
