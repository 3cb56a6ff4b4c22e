import type { Question } from '../../../client/index.ts';
import { isJsonObject, type JsonObject, shownDuration } from '../../../core/index.ts';
import { type Column, renderAccount, renderTable } from '../../../renderers/index.ts';
import { defineCommand } from '../../command.ts';
import { exitStatuses } from '../../exit-status.ts';
import { type CommonOptions, connect, declareCommon, readCommon } from '../../flags/common.ts';
import { declareFilters, readFilters } from '../../flags/filters.ts';
import { allOf } from '../../pages.ts';

interface ListOptions extends CommonOptions {
  readonly question: Question;
  readonly retired: boolean;
}

const columns: readonly Column<JsonObject>[] = [
  { title: 'NODE', cell: (node) => String(node.identity) },
  { title: 'STATE', cell: (node) => String(node.state) },
  { title: 'LAST SEEN', cell: (node) => (typeof node.age === 'number' ? `${shownDuration(node.age)} ago` : '') },
  { title: 'VIA', cell: (node) => String(node['source.via'] ?? '') },
  { title: 'PROOF', cell: (node) => String(node['source.proof'] ?? '') },
];

/** `muster node list`: the nodes in service with state and age, or the retired ones. */
export const nodeList = defineCommand<ListOptions>({
  name: 'list',
  summary: 'List nodes with their state and age',
  usage: '[words...]',
  examples: ['muster node list', 'muster node list -W customer=acme', 'muster node list --retired'],
  declare(command) {
    declareFilters(command);
    command.option('--retired', 'List retired nodes instead');
    declareCommon(command);
  },
  read: ({ words, flags }) => ({
    ...readCommon(flags),
    question: readFilters(flags, words),
    retired: flags.retired === true,
  }),
  async run(options, io) {
    const client = await connect(options, io);
    if (options.retired) {
      const keys = await allOf(client, '/v1/admin/nodes/keys', 'keys');
      const nodes = keys
        .filter((record) => record.state === 'retired')
        .map(({ identity, state, since }) => ({ identity, state, since }));
      if (options.json) io.stdout.write(`${JSON.stringify({ nodes }, null, 2)}\n`);
      else io.stdout.write(nodes.map((node) => `${node.identity}\n`).join(''));
      return exitStatuses.ok.status;
    }
    const fields = ['identity', 'state', 'age', 'source.via', 'source.proof'];
    const pages = client.allNodes({ ...options.question, fields });
    const nodes: JsonObject[] = [];
    let next = await pages.next();
    for (; next.done !== true; next = await pages.next()) if (isJsonObject(next.value)) nodes.push(next.value);
    const account = next.value;
    if (options.json) io.stdout.write(`${JSON.stringify({ nodes, account }, null, 2)}\n`);
    else io.stdout.write(renderTable(columns, nodes));
    if (!options.quiet && (options.verbose || account.matched < account.total))
      io.stderr.write(renderAccount({ account }));
    return exitStatuses.ok.status;
  },
});
