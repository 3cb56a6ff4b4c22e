import { parseIdentity } from '../../../core/index.ts';
import { defineCommand } from '../../command.ts';
import { exitStatuses } from '../../exit-status.ts';
import { type CommonOptions, connect, declareCommon, readCommon } from '../../flags/common.ts';
import { oneWord } from '../../flags/words.ts';

interface ShowOptions extends CommonOptions {
  readonly identity: string;
}

/** `muster node show NODE`: the node's whole document as JSON. */
export const nodeShow = defineCommand<ShowOptions>({
  name: 'show',
  summary: 'Print a node’s whole document as JSON, retired ones too',
  usage: '<node>',
  examples: ['muster node show db1.acme.net'],
  declare: declareCommon,
  read: ({ words, flags }) => ({ ...readCommon(flags), identity: parseIdentity(oneWord(words, 'node'), 'node') }),
  async run(options, io) {
    const node = await (await connect(options, io)).node(options.identity);
    io.stdout.write(`${JSON.stringify(node, null, 2)}\n`);
    return exitStatuses.ok.status;
  },
});
