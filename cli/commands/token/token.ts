import { Option } from 'commander';
import { type JsonObject, roleAllows } from '../../../core/index.ts';
import { renderTable } from '../../../renderers/index.ts';
import { defineCommand, defineGroup } from '../../command.ts';
import { CliError } from '../../errors.ts';
import { exitStatuses } from '../../exit-status.ts';
import { type CommonOptions, connect, declareCommon, readCommon } from '../../flags/common.ts';
import { noWords, oneWord } from '../../flags/words.ts';

interface AddOptions extends CommonOptions {
  readonly name: string;
  readonly role: string;
  readonly identityPattern: string | undefined;
}

const add = defineCommand<AddOptions>({
  name: 'add',
  summary: 'Make a token; it is shown this once',
  usage: '[name]',
  examples: [
    'muster token add --name deploy --role register --identity "web*.acme.net"',
    'muster token add dashboard --role read',
  ],
  declare(command) {
    command
      .option('--name <name>', 'What the token is called')
      .addOption(new Option('--role <role>', 'What it may do').choices(['read', 'register', 'admin']).default('read'))
      .option('--identity <pattern>', 'What a register token may write: an identity, * for any run of characters');
    declareCommon(command);
  },
  read({ words, flags }) {
    const name = flags.name ?? oneWord(words, 'name');
    if (flags.name !== undefined) noWords(words);
    const { role, identity } = flags;
    if (roleAllows(role, 'register') && role !== 'admin' && identity === undefined) {
      throw new CliError('usage', 'A register token needs --identity: the node, or the pattern of nodes, it may write');
    }
    return { ...readCommon(flags), name, role, identityPattern: identity };
  },
  async run({ name, role, identityPattern, ...options }, io) {
    const client = await connect(options, io);
    const wish = { name, role, ...(identityPattern === undefined ? {} : { identityPattern }) };
    const made = (await client.admin('POST', '/v1/admin/tokens', wish)) as JsonObject;
    io.stdout.write(options.json ? `${JSON.stringify(made, null, 2)}\n` : `${made.token}\n`);
    if (!options.quiet && !options.json) io.stderr.write('Keep it: it is stored as a hash and cannot be shown again\n');
    return exitStatuses.ok.status;
  },
});

const list = defineCommand<CommonOptions>({
  name: 'list',
  summary: 'List tokens',
  examples: ['muster token list'],
  declare: declareCommon,
  read({ words, flags }) {
    noWords(words);
    return readCommon(flags);
  },
  async run(options, io) {
    const client = await connect(options, io);
    const { tokens } = (await client.admin('GET', '/v1/admin/tokens')) as unknown as { tokens: readonly JsonObject[] };
    if (options.json) io.stdout.write(`${JSON.stringify({ tokens }, null, 2)}\n`);
    else io.stdout.write(renderTable(columns, tokens));
    if (tokens.length === 0 && !options.quiet) io.stderr.write('There is no token beside the local admin token\n');
    return exitStatuses.ok.status;
  },
});

const columns = [
  { title: 'NAME', cell: (token: JsonObject) => String(token.name) },
  { title: 'ROLE', cell: (token: JsonObject) => String(token.role) },
  { title: 'IDENTITY', cell: (token: JsonObject) => String(token.identityPattern ?? '') },
  {
    title: 'MADE',
    cell: ({ created }: JsonObject) =>
      typeof created === 'number' ? new Date(created * 1000).toISOString().slice(0, 10) : '',
  },
];

const remove = defineCommand<CommonOptions & { readonly name: string }>({
  name: 'remove',
  summary: 'Remove a token: it is refused from then on',
  usage: '<name>',
  examples: ['muster token remove deploy'],
  declare: declareCommon,
  read: ({ words, flags }) => ({ ...readCommon(flags), name: oneWord(words, 'name') }),
  async run(options, io) {
    const client = await connect(options, io);
    await client.admin('DELETE', `/v1/admin/tokens/${encodeURIComponent(options.name)}`);
    if (options.json) io.stdout.write(`${JSON.stringify({ removed: options.name })}\n`);
    else io.stdout.write(`${options.name}: removed\n`);
    return exitStatuses.ok.status;
  },
});

/** `muster token add|list|remove`: who may ask and write over HTTP. */
export const token = defineGroup('token', 'Make, list and remove tokens', [add, list, remove]);
