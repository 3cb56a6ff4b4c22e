import type { Question } from '../../../client/index.ts';
import {
  isJsonObject,
  type Json,
  type JsonObject,
  NODE_STATES,
  type NodeState,
  shownDuration,
} from '../../../core/index.ts';
import { type Column, renderAccount, renderTable } from '../../../renderers/index.ts';
import { defineCommand } from '../../command.ts';
import { exitStatuses } from '../../exit-status.ts';
import { type CommonOptions, connect, declareCommon, readCommon } from '../../flags/common.ts';
import { declareFilters, isEveryNode, readFilters } from '../../flags/filters.ts';
import { declareStates, readStates } from '../../flags/states.ts';

interface ListOptions extends CommonOptions {
  readonly question: Question;
  readonly states: readonly NodeState[];
}

const columns: readonly Column<JsonObject>[] = [
  { title: 'NODE', cell: (node) => String(node.identity) },
  { title: 'STATE', cell: (node) => String(node.state) },
  { title: 'AGE', cell: (node) => seconds(node.age) },
  { title: 'INTERVAL', cell: (node) => seconds(node.interval) },
  { title: 'LAST SEEN', cell: (node) => moment(node.lastseen) },
  { title: 'VIA', cell: (node) => String(node['source.via'] ?? '') },
  { title: 'PROOF', cell: (node) => String(node['source.proof'] ?? '') },
];

const FIELDS = ['identity', 'state', 'age', 'interval', 'lastseen', 'source.via', 'source.proof'];

/** `muster node list`: nodes with their state, whatever it is: missing and retired ones too where no state is asked for. */
export const nodeList = defineCommand<ListOptions>({
  name: 'list',
  summary: 'List nodes with their state and age',
  usage: '[words...]',
  examples: ['muster node list', 'muster node list -W customer=acme', 'muster node list --state late,missing'],
  declare(command) {
    declareFilters(command);
    declareStates(command);
    command.option('--retired', 'The same as --state retired');
    declareCommon(command);
  },
  read: ({ words, flags }) => ({
    ...readCommon(flags),
    question: readFilters(flags, words),
    states: [...new Set([...(readStates(flags) ?? []), ...(flags.retired === true ? (['retired'] as const) : [])])],
  }),
  async run(options, io) {
    const client = await connect(options, io);
    const state = options.states.length === 0 ? NODE_STATES : options.states;
    const pages = client.allNodes({ ...options.question, state, fields: FIELDS });
    const nodes: JsonObject[] = [];
    let next = await pages.next();
    for (; next.done !== true; next = await pages.next()) if (isJsonObject(next.value)) nodes.push(next.value);
    const account = next.value;
    if (options.json) io.stdout.write(`${JSON.stringify({ nodes, account }, null, 2)}\n`);
    else io.stdout.write(renderTable(columns, nodes));
    // The account is of the filters: without any it says nothing that the list does not.
    const isTold = options.verbose || (!isEveryNode(options.question) && account.matched < account.total);
    if (isTold && !options.quiet) io.stderr.write(renderAccount({ account }));
    return exitStatuses.ok.status;
  },
});

function seconds(value: Json | undefined): string {
  return typeof value === 'number' ? shownDuration(value) : '';
}

function moment(value: Json | undefined): string {
  return typeof value === 'number' ? new Date(value * 1000).toISOString().replace(/\.\d+Z$/, 'Z') : '';
}
