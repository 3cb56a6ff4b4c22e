import { defineCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import { declareCommon, readCommon } from '../flags/common.ts';
import { declareStates, readStates } from '../flags/states.ts';
import { type FindOptions, printMatches } from './find.ts';

/** `muster query DOC`: the identities of the nodes that a query document selects. */
export const query = defineCommand<FindOptions>({
  name: 'query',
  summary: 'Print the nodes that a query document selects, one a line',
  usage: '<document>',
  examples: [
    `% "{'facts.customer': 'acme', 'facts.environment':development, classes: 'mysql::master'}"`,
    `% '{"facts.memory.system.total_bytes": {"$gte": 8589934592}, "classes": {"$ne": "motd"}}'`,
  ],
  declare(command) {
    declareStates(command);
    declareCommon(command);
  },
  read({ words, flags }) {
    const [document, ...more] = words;
    if (document === undefined || more.length > 0) {
      throw new CliError('usage', `One document was expected, ${words.length} came: put it in quotes`);
    }
    return { ...readCommon(flags), question: { query: document }, states: readStates(flags) };
  },
  run: printMatches,
});
