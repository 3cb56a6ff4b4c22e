import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../core/index.ts';
import {
  type Condition,
  compileQuery,
  conditionOfWireFilter,
  type FilterOptions,
  parseCompound,
  parseFactString,
  parseFilter,
  QueryError,
  queryOf,
} from '../../../query/language/index.ts';
import { nodeDocument } from './node-documents.ts';
import { refusal } from './refusal.ts';

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../data/${name}`, import.meta.url), 'utf8'));

interface ParserVectors {
  readonly fact_strings: { readonly cases: readonly { input: string; output: Record<string, string> }[] };
  readonly compound: { readonly cases: readonly { input: string; output: unknown }[] };
}
const vectors = read('parsers.json') as ParserVectors;
const labNodes = read('lab-nodes.json') as Record<
  string,
  { facts: Record<string, unknown>; classes: string[]; collectives: string[] }
>;
const lab = Object.entries(labNodes).map(([identity, node]) =>
  nodeDocument({ identity, ...node, agentlist: ['discovery', 'rpcutil', 'probe'] }),
);

/** The lab nodes a condition finds, by their short names. */
function found(where: Condition): string[] {
  const matches = compileQuery(queryOf(where));
  return lab
    .filter(matches)
    .map((node) => node.identity.split('.')[0] as string)
    .sort();
}

const foundBy = (options: FilterOptions) => found(parseFilter(options).where);

describe('fact strings read as the original reads them', () => {
  for (const { input, output } of vectors.fact_strings.cases) {
    test(JSON.stringify(input), () => {
      const parsed = parseFactString(input);
      if (output.error !== undefined) {
        expect(parsed).toBeUndefined();
        let message = '';
        try {
          parseFilter({ facts: [input] });
        } catch (error) {
          message = (error as QueryError).message;
        }
        expect(message).toBe(output.error);
      } else {
        expect(parsed).toEqual({ fact: output[':fact'], operator: output[':operator'], value: output[':value'] });
      }
    });
  }
});

describe('compound filters read as the original reads them', () => {
  for (const { input, output } of vectors.compound.cases) {
    test(JSON.stringify(input), () => {
      if (Array.isArray(output)) expect(parseCompound(input)).toEqual(output);
      else {
        const said = (output as { error: string }).error;
        expect(() => parseCompound(input)).toThrow(said);
      }
    });
  }
});

/** Cases of behaviour.json that say nothing of a filter, and why. */
const NOT_OF_A_FILTER: Readonly<Record<string, string>> = {
  'msgtime 50 s old': 'the age of a message',
  'msgtime 70 s old': 'the age of a message',
  'msgtime 70 s old, ttl 600': 'the age of a message',
  'msgtime 1 h in the future': 'the age of a message',
  'no :msgtime': 'the envelope',
  'no :ttl': 'the envelope',
  'no :callerid': 'the envelope',
  'callerid "uid=../x"': 'the envelope',
  'callerid "uid=0\\nx"': 'the envelope',
  'callerid "plain"': 'the envelope',
  'no :senderid': 'the envelope',
  'no :requestid': 'the envelope',
  'no :filter': 'the envelope: a message without a filter is dropped before any filter is judged',
  'no :collective': 'the envelope',
  ':collective other': 'the envelope',
  'no :agent': 'the envelope',
  ':agent discovery on rpcutil topic': 'the envelope',
  'requestid not hex': 'the envelope',
  'bad hash': 'the signature',
  'string keys in body': 'the body of a request',
  'string keys in data (get_fact)': 'the body of a request',
  'no data': 'the body of a request',
  'no caller in body': 'the body of a request',
  'process_results false': 'whether an agent replies',
  'process_results nil': 'whether an agent replies',
  'process_results "false" (string)': 'whether an agent replies',
  'action as symbol': 'the body of a request',
  'unknown action': 'an agent’s action',
  'action in DDL only': 'an agent’s action',
  'missing required input': 'an agent’s input',
  'invalid input (validation)': 'an agent’s input',
  'invalid input (maxlength)': 'an agent’s input',
  'invalid input (type)': 'an agent’s input',
  'invalid list': 'an agent’s input',
  shellsafe: 'an agent’s input',
  ipv4: 'an agent’s input',
  'undeclared input passes': 'an agent’s input',
  'discovery "hello"': 'an agent’s reply',
  'direct, mc_identity right': 'a destination: the broker hands the message to one node',
  'direct, identity filter of another node': 'a destination: only one node got the message',
  'same request id replayed': 'replay',
  'extra envelope key': 'the envelope',
};
for (const kind of ['soft', 'hard'])
  for (let code = 1; code <= 6; code++)
    (NOT_OF_A_FILTER as Record<string, string>)[`${kind} fail ${code}`] = 'how an agent fails';

interface BehaviourCase {
  readonly case: string;
  readonly filter: Record<string, unknown>;
  readonly replies: readonly { readonly node: string }[];
}
const behaviour = (read('behaviour.json') as { cases: readonly BehaviourCase[] }).cases;

describe('wire filters find whom they found in the lab', () => {
  test('every one of the 105 cases is run or listed with its reason', () => {
    expect(behaviour).toHaveLength(105);
    const listed = behaviour.filter((one) => NOT_OF_A_FILTER[one.case] !== undefined);
    const names = new Set(listed.map((one) => one.case));
    expect([...Object.keys(NOT_OF_A_FILTER)].filter((name) => !names.has(name))).toEqual([]);
    expect(behaviour.length - listed.length).toBe(50);
  });

  for (const one of behaviour) {
    if (NOT_OF_A_FILTER[one.case] !== undefined) continue;
    test(one.case, () => {
      const replied = one.replies.map((reply) => reply.node).sort();
      expect(found(conditionOfWireFilter(one.filter, 'symbol'))).toEqual(replied);
    });
  }
});

describe('filter options', () => {
  const ROWS: readonly (readonly [sentence: string, options: FilterOptions, nodes: string[]])[] = [
    ['none finds every node', {}, ['db1', 'web1', 'web2']],
    ['-W takes facts and classes together', { with: ['environment=production apache'] }, ['web2']],
    ['-W with a class that holds colons', { with: ['environment=development roles::dev_server'] }, ['web1']],
    ['-W with regular expressions', { with: ['/^mysql/ customer=/^em/'] }, ['db1']],
    ['-W with a value that holds colons', { with: ['fqdn=a::b'] }, []],
    ['several -W must all hold', { with: ['apache', 'customer=acme environment=production'] }, ['web2']],
    ['-F with a number', { facts: ['processorcount>=10'] }, ['db1', 'web2']],
    ['-F on a map tests its keys', { facts: ['networking=ip'] }, ['web1', 'web2']],
    ['-F on an array tests its elements', { facts: ['users=backup'] }, ['web1']],
    ['-F inside a map by its path', { facts: ['networking.ip=10.0.0.12'] }, ['web2']],
    ['-F with facts. before it', { facts: ['facts.networking.ip=10.0.0.12'] }, ['web2']],
    ['-F by an index', { facts: ['users.1=backup'] }, ['web1']],
    ['-F != misses nodes without the fact', { facts: ['networking.ip!=10.0.0.12'] }, ['web1']],
    ['several -F must all hold', { facts: ['customer=acme', 'environment=production'] }, ['web2']],
    ['-C a class', { classes: ['mysql::master'] }, ['db1']],
    ['-C an unknown one', { classes: ['nosuchclass'] }, []],
    ['-A an agent', { agents: ['rpcutil', '/prob/'] }, ['db1', 'web1', 'web2']],
    ['-A an unknown one', { agents: ['nope'] }, []],
    ['-I in any case', { identities: ['WEB1.acme.net'] }, ['web1']],
    ['-I several', { identities: ['web1.acme.net', 'db1.acme.net', 'x'] }, ['db1', 'web1']],
    ['-I a regular expression', { identities: ['/^web/'] }, ['web1', 'web2']],
    ['-I two regular expressions, exactly one of which must fit', { identities: ['/web/', '/1/'] }, ['db1', 'web2']],
    ['-T a collective', { collective: 'uk_collective' }, ['db1']],
    ['-S', { compound: 'environment=development and customer=acme and not (mysql::master or /db/ )' }, ['web1']],
    ['-S customer!=acme never matches', { compound: 'customer!=acme' }, []],
    ['-S customer==acme neither', { compound: 'customer==acme' }, []],
    ['-S customer=~/ac/ neither', { compound: 'customer=~/ac/' }, []],
    ['-S customer=/ac/', { compound: 'customer=/ac/' }, ['web1', 'web2']],
    ['-S processorcount>=10', { compound: 'processorcount>=10' }, ['db1', 'web2']],
    ['-S !apache', { compound: '!apache' }, ['db1']],
    ['-S ! apache', { compound: '! apache' }, ['db1']],
    ['-S apache and (customer=acme)', { compound: 'apache and (customer=acme)' }, ['web1', 'web2']],
    ['-S /^roles/', { compound: '/^roles/' }, ['db1', 'web1', 'web2']],
    ['-S or binds less than and', { compound: 'mysql::master or apache and environment=development' }, ['db1', 'web1']],
    ['-S fact() by a path', { compound: "fact('networking.ip').value=10.0.0.12" }, ['web2']],
    ['-S fact() by an index', { compound: 'fact("users.1").value=backup' }, ['web1']],
    ['-S fact() is no text where it is a map', { compound: "fact('networking').value=ip" }, []],
    ['-S fact() with !=', { compound: "fact('networking.ip').value!=10.0.0.12" }, ['web1']],
    ['-S fact() with a regular expression', { compound: "fact('fqdn').value=/^web/" }, ['web1', 'web2']],
    ['-S fact() without one', { compound: "fact('fqdn').value!=/^web/" }, ['db1']],
    ['-S fact() orders numbers only, and these are texts', { compound: "fact('processorcount').value>1" }, []],
    ['-S fact() that exists', { compound: "fact('networking').exists=true" }, ['web1', 'web2']],
    ['-S fact() that does not', { compound: "not fact('networking').exists=true" }, ['db1']],
    ['-S empty', { compound: '' }, ['db1', 'web1', 'web2']],
    [
      'all kinds together',
      {
        facts: ['customer=acme'],
        classes: ['apache'],
        identities: ['/./'],
        agents: ['mcollective'],
        collective: 'mcollective',
        compound: '!/dev/',
        with: ['virtual=kvm'],
      },
      ['web2'],
    ],
  ];
  for (const [sentence, options, nodes] of ROWS)
    test(sentence, () => {
      expect(foundBy(options)).toEqual(nodes);
    });

  const REFUSED: readonly (readonly [options: FilterOptions, code: string, named: string])[] = [
    [{ facts: ['apache'] }, 'query_syntax', 'fact'],
    [{ classes: [''] }, 'query_syntax', 'class'],
    [{ facts: ['a=/(/'] }, 'query_regex_invalid', 'a'],
    [{ classes: ['/(?=x)/'] }, 'query_regex_invalid', 'class'],
    [{ compound: '(apache' }, 'query_syntax', 'compound'],
    [{ compound: 'puppet().enabled=true' }, 'query_invalid', 'compound'],
    [{ compound: "fact('customer').nosuch=1" }, 'query_invalid', 'compound'],
    [{ compound: `${'('.repeat(5_000)}a${')'.repeat(5_000)}` }, 'query_too_large', 'compound'],
    [{ compound: `${'!'.repeat(500)}a` }, 'query_too_large', 'compound'],
    [{ with: ['apache '.repeat(10_000)] }, 'query_too_large', 'filter'],
  ];
  for (const [options, code, named] of REFUSED)
    test(`${JSON.stringify(options).slice(0, 60)} is refused`, () => {
      const error = refusal(() => parseFilter(options));
      expect([error.code, error.field]).toEqual([code, named]);
    });

  test('a flat fact of the very name comes before a nested one', () => {
    const nodes = [
      nodeDocument({ identity: 'nested', facts: { os: { name: 'Debian' } } }),
      nodeDocument({ identity: 'flat', facts: { 'os.name': 'Debian', os: { name: 'CentOS' } } }),
    ];
    const found = (fact: string) =>
      nodes.filter(compileQuery(parseFilter({ facts: [fact] }))).map((node) => node.identity);
    expect(found('os.name=Debian')).toEqual(['nested', 'flat']);
    expect(found('os.name=CentOS')).toEqual([]);
  });

  test('typed facts answer as their texts do', () => {
    const typed = nodeDocument({ facts: { cores: 16, load: 2.5, virtual: true, none: null, ids: [1, 2] } });
    const texts = nodeDocument({ facts: { cores: '16', load: '2.5', virtual: 'true', none: '', ids: ['1', '2'] } });
    for (const fact of [
      'cores=16',
      'cores>=9',
      'cores!=15',
      'load<10.5',
      'virtual=true',
      'ids=2',
      'cores=/^1/',
      'load>2.0',
    ])
      for (const node of [typed, texts])
        expect([fact, compileQuery(parseFilter({ facts: [fact] }))(node)]).toEqual([fact, true]);
    for (const fact of ['cores<9', 'cores=1', 'virtual!=true', 'none=x'])
      for (const node of [typed, texts])
        expect([fact, compileQuery(parseFilter({ facts: [fact] }))(node)]).toEqual([fact, false]);
    expect(compileQuery(parseFilter({ facts: ['cores=16.0'] }))(typed)).toBe(true);
  });

  test('integers of any length are ordered as numbers', () => {
    const node = nodeDocument({ facts: { size: '18446744073709551616' } });
    expect(compileQuery(parseFilter({ facts: ['size>18446744073709551615'] }))(node)).toBe(true);
    expect(compileQuery(parseFilter({ facts: ['size>0018446744073709551616'] }))(node)).toBe(false);
  });
});

test('whatever comes as a wire filter or a compound filter, nothing else is thrown', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('fact', 'cf_class', 'agent', 'identity', 'compound'), (value, key) => {
      found(conditionOfWireFilter(value as Json));
      found(conditionOfWireFilter({ [key]: value as Json }));
      found(conditionOfWireFilter({ [key]: [value as Json] }));
      found(conditionOfWireFilter({ compound: [[{ statement: value as Json }], [{ fstatement: value as Json }]] }));
    }),
    { numRuns: 500 },
  );
  const words = fc.constantFrom(
    'a',
    'and',
    'or',
    'not',
    '!',
    '(',
    ')',
    ' ',
    '=',
    '>=',
    '/x/',
    "fact('a').value=1",
    '"',
    "'",
    'b=c',
    '\\',
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 15 }), (parts) => {
      try {
        parseFilter({ compound: parts.join(''), with: [parts.join(' ')] });
      } catch (error) {
        expect(error).toBeInstanceOf(QueryError);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('our own messages carry plain keys', () => {
  const filter = (fact: Json) => ({ fact: [fact], cf_class: [], agent: [], identity: [], compound: [] });
  const entry = { fact: 'customer', operator: '==', value: 'emca' };
  expect(found(conditionOfWireFilter(filter(entry)))).toEqual(['db1']);
  expect(found(conditionOfWireFilter(filter(entry), 'symbol'))).toEqual([]);
  expect(found(conditionOfWireFilter({}))).toEqual(['db1', 'web1', 'web2']);
  expect(found(conditionOfWireFilter({ ...filter(entry), collective: 'mcollective' }))).toEqual(['db1']);
  expect(found(conditionOfWireFilter({ cf_class: ['/(?=x)/'] }))).toEqual([]);
});
