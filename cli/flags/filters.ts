import type { Command, OptionValues } from 'commander';
import type { Question } from '../../client/index.ts';
import { repeatable } from './common.ts';

/*
 * The common filter flags of MCollective's clients. Each may be given several times; all must hold, but of identities any.
 */

/** Flag pairs: what the help shows, and MCollective's longer name for the same. */
const FILTERS = [
  ['-W, --with <filter>', undefined, 'Combined classes and facts: "environment=production mysql::master"'],
  ['-S, --select <filter>', undefined, 'Compound filter: "customer=acme and not (apache or /db/)"'],
  [
    '-F, --wf <fact=value>',
    '--with-fact <fact=value>',
    'Nodes with a fact: os.name=Debian, memory>=4096, name=/regex/',
  ],
  ['-C, --wc <class>', '--with-class <class>', 'Nodes with a class, or /regex/'],
  ['-A, --wa <agent>', '--with-agent <agent>', 'Nodes with an agent, or /regex/'],
  ['-I, --wi <identity>', '--with-identity <identity>', 'Nodes by identity, or /regex/; any of them'],
  ['-T, --target <collective>', undefined, 'Nodes of a collective'],
] as const;

/** Declares them. `--dt` is taken and ignored: there is nothing to wait for. */
export function declareFilters(command: Command): void {
  for (const [flags, long, description] of FILTERS) {
    command.addOption(repeatable(flags, description));
    if (long !== undefined) command.addOption(repeatable(long, description).hideHelp());
  }
  command.addOption(repeatable('--dt, --discovery-timeout <seconds>', 'Taken and ignored').hideHelp());
}

/** What they ask for. `words` are read as -W too, so that `mc-find customer=acme apache` says what it seems to say. */
export function readFilters(flags: OptionValues, words: readonly string[] = []): Question {
  const filter = [...list(flags.with), ...words].join(' ');
  // One filter holds all: -S terms are put in brackets and joined.
  const select = joined(list(flags.select));
  const collectives = list(flags.target);
  return {
    ...(filter.trim() === '' ? {} : { filter }),
    ...(select === undefined ? {} : { select }),
    ...given('fact', flags.wf, flags.withFact),
    ...given('class', flags.wc, flags.withClass),
    ...given('agent', flags.wa, flags.withAgent),
    ...given('identity', flags.wi, flags.withIdentity),
    ...(collectives.length === 0 ? {} : { query: { collectives: { $in: [...collectives] } } }),
  };
}

function joined(terms: readonly string[]): string | undefined {
  return terms.length < 2 ? terms[0] : terms.map((term) => `(${term})`).join(' and ');
}

function given(name: 'fact' | 'class' | 'agent' | 'identity', ...flags: readonly unknown[]): Question {
  const values = flags.flatMap(list);
  return values.length === 0 ? {} : { [name]: values };
}

function list(value: unknown): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

/** True where a question names no nodes at all, which means every node. */
export function isEveryNode(question: Question): boolean {
  return Object.keys(question).length === 0;
}
