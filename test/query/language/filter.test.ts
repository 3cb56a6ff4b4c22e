import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type Condition,
  compileQuery,
  conditionOfWireFilter,
  type FilterOptions,
  parseCompound,
  parseFactString,
  parseFilter,
  type QueryError,
  queryOf,
} from '../../../query/language/index.ts';
import { nodeDocument } from './node-documents.ts';

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
