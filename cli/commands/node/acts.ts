import type { ServiceClient } from '../../../client/index.ts';
import { asMusterError, type Identity, type JsonObject, parseIdentity } from '../../../core/index.ts';
import { type AnyCommand, defineCommand } from '../../command.ts';
import { exitStatuses, exitStatusOf } from '../../exit-status.ts';
import { type CommonOptions, connect, declareCommon, readCommon } from '../../flags/common.ts';
import { someWords } from '../../flags/words.ts';
import { printError } from '../../print-error.ts';

interface ActOptions extends CommonOptions {
  readonly identities: readonly Identity[];
  readonly fingerprint: string | undefined;
}

const ACTS = {
  approve: 'Take the key that waits, and retired nodes back into service',
  retire: 'Take nodes out of queries and configurations, and unbind their keys',
  restore: 'Take retired nodes back into service',
  rebind: 'Unbind the keys of hosts that were rebuilt: the next key is taken as a new node’s',
  forget: 'Delete nodes and their keys',
} as const;

/** `muster node approve|retire|restore|rebind|forget NODE...`: an operator's wishes, each done or refused by itself. */
export const nodeActs: readonly AnyCommand[] = Object.entries(ACTS).map(([act, summary]) =>
  defineCommand<ActOptions>({
    name: act,
    summary,
    usage: '<node...>',
    examples: [`muster node ${act} db1.acme.net`],
    declare(command) {
      if (act === 'approve') command.option('--fingerprint <text>', 'Which key, where several wait');
      declareCommon(command);
    },
    read: ({ words, flags }) => ({
      ...readCommon(flags),
      identities: someWords(words, 'node').map((word) => parseIdentity(word, 'node')),
      fingerprint: flags.fingerprint,
    }),
    async run(options, io) {
      const client = await connect(options, io);
      const done: JsonObject[] = [];
      let status: number = exitStatuses.ok.status;
      for (const identity of options.identities) {
        try {
          const answer = await doAct(client, act, identity, options.fingerprint);
          done.push(answer);
          if (!options.json) io.stdout.write(`${doneText(answer)}\n`);
        } catch (thrown) {
          const error = asMusterError(thrown);
          printError(`muster node ${act}`, error, io, undefined);
          status = options.identities.length === 1 ? exitStatusOf(error) : exitStatuses.some.status;
        }
      }
      if (options.json) io.stdout.write(`${JSON.stringify({ nodes: done }, null, 2)}\n`);
      return status;
    },
  }),
);

async function doAct(
  client: ServiceClient,
  act: string,
  identity: Identity,
  fingerprint: string | undefined,
): Promise<JsonObject> {
  const path = `/v1/admin/nodes/${encodeURIComponent(identity)}/${act}`;
  return (await client.admin('POST', path, fingerprint === undefined ? {} : { fingerprint })) as JsonObject;
}

const NEXT_KEY: Readonly<Record<string, string>> = {
  'first-use': 'its next key is taken at first use',
  approve: 'its next key waits for approval',
  'join-token': 'its next key needs the join token',
};

function doneText({ identity, outcome, fingerprint, nextKey }: JsonObject): string {
  const key = fingerprint === undefined ? NEXT_KEY[String(nextKey)] : `key ${fingerprint}`;
  return `${identity}: ${outcome}${key === undefined ? '' : `, ${key}`}`;
}
