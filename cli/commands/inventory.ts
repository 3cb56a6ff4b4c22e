import {
  epochSeconds,
  isJsonObject,
  type Json,
  type JsonObject,
  parseIdentity,
  shownDuration,
} from '../../core/index.ts';
import { type InventoryView, renderInventory } from '../../renderers/index.ts';
import { defineCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import { exitStatuses } from '../exit-status.ts';
import { type CommonOptions, connect, declareCommon, readCommon } from '../flags/common.ts';
import { terminalColumns } from '../io.ts';

/** What `mc-inventory` is asked. */
export interface InventoryOptions extends CommonOptions {
  readonly identity: string;
}

/** `muster inventory NODE`, `mc-inventory NODE`: everything known about one node. */
export const inventory = defineCommand<InventoryOptions>({
  name: 'inventory',
  seedNames: ['mc-inventory'],
  summary: 'Show everything known about one node',
  usage: '<node>',
  examples: ['% db1.acme.net', '% db1.acme.net --json'],
  declare: declareCommon,
  read({ words, flags }) {
    const [node, ...more] = words;
    if (node === undefined || more.length > 0) throw new CliError('usage', 'Please specify one node');
    return { ...readCommon(flags), identity: parseIdentity(node, 'node') };
  },
  async run(options, io) {
    const client = await connect(options, io);
    const node = await client.node(options.identity);
    const now = epochSeconds(io.clock);
    io.stdout.write(
      options.json
        ? `${JSON.stringify(node, null, 2)}\n`
        : renderInventory({ ...viewOf(node, now), columns: terminalColumns(io.stdout) }),
    );
    return exitStatuses.ok.status;
  },
});

/** A node's document, as the service shows it, as the renderer takes it. */
export function viewOf(node: JsonObject, now: number): InventoryView {
  const collectives = texts(node.collectives);
  return {
    identity: String(node.identity),
    agents: texts(node.agentlist),
    classes: texts(node.classes),
    collectives,
    facts: isJsonObject(node.facts) ? node.facts : {},
    statistics: [
      ['State', String(node.state)],
      ['Last Seen', moment(node.lastseen, now)],
      ['First Seen', moment(node.firstseen, now)],
      ['Last Changed', moment(node.changed, now)],
      ...(typeof node.retired === 'number' ? ([['Retired', moment(node.retired, now)]] as const) : []),
      ['Registration Interval', typeof node.interval === 'number' ? `${node.interval} seconds` : 'not told'],
      ['Collectives', collectives.join(', ')],
      ['Main Collective', collectives[0] ?? ''],
      ['Registered By', sourceText(node.source)],
    ],
  };
}

function moment(seconds: Json | undefined, now: number): string {
  if (typeof seconds !== 'number') return 'not known';
  const text = new Date(seconds * 1000)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' +0000');
  return `${text} (${shownDuration(now - seconds)} ago)`;
}

function sourceText(source: Json | undefined): string {
  if (!isJsonObject(source)) return 'not known';
  return `${source.callerid} (${source.via}, proof: ${source.proof})`;
}

function texts(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
