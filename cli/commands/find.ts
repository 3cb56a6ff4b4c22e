import type { Question } from '../../client/index.ts';
import type { NodeState } from '../../core/index.ts';
import { renderAccount } from '../../renderers/index.ts';
import { tellNobody } from '../account-words.ts';
import { defineCommand } from '../command.ts';
import { exitStatuses } from '../exit-status.ts';
import { type CommonOptions, connect, declareCommon, readCommon } from '../flags/common.ts';
import { declareFilters, readFilters } from '../flags/filters.ts';
import { declareStates, readStates } from '../flags/states.ts';
import type { CommandIo } from '../io.ts';

/** What `muster find` and `muster query` are asked. */
export interface FindOptions extends CommonOptions {
  readonly question: Question;
  /** Print only nodes in one of these states. */
  readonly states: readonly NodeState[] | undefined;
}

/** `muster find`, `mc-find`, `mc-find-hosts`: the identities of the nodes that match. */
export const find = defineCommand<FindOptions>({
  name: 'find',
  seedNames: ['mc-find', 'mc-find-hosts'],
  summary: 'Print the nodes that match, one a line',
  usage: '[words...]',
  examples: [
    '% -W "environment=production customer=acme mysql::master"',
    '% -F os.name=Debian -F "memory.system.total_bytes>=8589934592" -v',
    '% -S "apache and not (environment=production or /^db/)"',
    '% customer=acme --state late,missing',
  ],
  declare(command) {
    declareFilters(command);
    declareStates(command);
    declareCommon(command);
  },
  read: ({ words, flags }) => ({
    ...readCommon(flags),
    question: readFilters(flags, words),
    states: readStates(flags),
  }),
  run: printMatches,
});

/** Asks and prints identities, or with `json` the nodes and the account. 1 where nobody matched. */
export async function printMatches(options: FindOptions, io: CommandIo): Promise<number> {
  const client = await connect(options, io);
  const fields = options.json || options.verbose ? ['identity', 'lastseen', 'age', 'state'] : ['identity'];
  const pages = client.allNodes({ ...options.question, state: options.states, fields });
  let count = 0;
  const ages: number[] = [];
  const shown: unknown[] = [];
  for (;;) {
    const next = await pages.next();
    if (next.done === true) {
      const account = next.value;
      if (options.json) io.stdout.write(`${JSON.stringify({ nodes: shown, account }, null, 2)}\n`);
      if (options.verbose && count > 0) io.stderr.write(renderAccount({ account, ages }));
      if (count > 0) return exitStatuses.ok.status;
      if (!options.quiet) tellNobody(account, io, options.states);
      return exitStatuses.nobody.status;
    }
    const node = next.value;
    count += 1;
    if (typeof node.age === 'number') ages.push(node.age);
    if (options.json) shown.push(node);
    else io.stdout.write(`${node.identity}\n`);
  }
}
