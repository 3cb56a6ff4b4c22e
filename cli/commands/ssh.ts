import type { Question } from '../../client/index.ts';
import { tellNobody } from '../account-words.ts';
import { defineCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import { exitStatuses } from '../exit-status.ts';
import { type CommonOptions, connect, declareCommon, readCommon } from '../flags/common.ts';
import { declareFilters, readFilters } from '../flags/filters.ts';
import type { CommandIo } from '../io.ts';

/** What `mc-ssh` is asked. */
export interface SshOptions extends CommonOptions {
  readonly question: Question;
  /** What is given to ssh after the host. */
  readonly rest: readonly string[];
  readonly dryRun: boolean;
}

/** Hosts that a menu or an error lists; more are not read by anybody. */
const LISTED_MAX = 200;

/** `muster ssh`, `mc-ssh`: becomes ssh to the one node that matches, or to the one chosen of several. */
export const ssh = defineCommand<SshOptions>({
  name: 'ssh',
  seedNames: ['mc-ssh'],
  summary: 'Log in to the node that matches',
  usage: '[words...]',
  takesRest: true,
  examples: [
    '% -W "environment=development customer=acme mysql::master"',
    '% -W "customer=acme mysql::master" -- -v uptime     (all after -- goes to ssh, after the host)',
    '% -I /^db1/ --dry-run',
  ],
  declare(command) {
    declareFilters(command);
    command.option('-n, --dry-run', 'Only print what would be run');
    declareCommon(command);
  },
  read: ({ words, flags, rest }) => ({
    ...readCommon(flags),
    question: readFilters(flags, words),
    rest,
    dryRun: flags.dryRun === true,
  }),
  async run(options, io) {
    const client = await connect(options, io);
    const { nodes, account } = await client.nodes({ ...options.question, fields: ['identity'], limit: LISTED_MAX });
    const hosts = nodes.map((node) => String(node.identity));
    if (options.json) io.stdout.write(`${JSON.stringify({ nodes, account }, null, 2)}\n`);
    if (hosts.length === 0) {
      tellNobody(account, io);
      return exitStatuses.nobody.status;
    }
    if (options.json) return exitStatuses.ok.status;
    const host = hosts.length === 1 ? hosts[0] : await chooseHost(hosts, account.matched, io);
    return host === undefined ? exitStatuses.nobody.status : login(host, options, io);
  },
});

async function chooseHost(hosts: readonly string[], matched: number, io: CommandIo): Promise<string | undefined> {
  const onTerminal = io.stdin.isTTY === true && io.stderr.isTTY === true;
  if (onTerminal && hosts.length === matched) {
    const { choose } = await import('../choose.ts');
    return choose('Host', hosts, io);
  }
  io.stderr.write(hosts.map((host) => `${host}\n`).join(''));
  if (matched > hosts.length) io.stderr.write(`and ${matched - hosts.length} more\n`);
  throw new CliError('several_nodes', `${matched} nodes match, and ssh goes to one`);
}

async function login(host: string, options: SshOptions, io: CommandIo): Promise<number> {
  // A name is data that a node sent: one that ssh would read as an option never reaches it.
  if (!/^[A-Za-z0-9_.][A-Za-z0-9._-]*$/.test(host)) {
    throw new CliError('identity_invalid', `The node calls itself ${host}, which ssh would not take for a host`, {
      identity: host,
      remedy: 'Give the node another name in agent.identity',
    });
  }
  io.stdout.write(`Running: ${['ssh', host, ...options.rest].map(shellWord).join(' ')}\n`);
  if (options.dryRun) return exitStatuses.ok.status;
  await io.drained();
  const { become } = await import('../become.ts');
  return become('ssh', [host, ...options.rest]);
}

/** A word as a shell would need it, so that the line shown can be copied; plain words stand as they are. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
