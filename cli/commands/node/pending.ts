import { epochSeconds, isJsonObject, type JsonObject, shownDuration } from '../../../core/index.ts';
import { renderTable } from '../../../renderers/index.ts';
import { defineCommand } from '../../command.ts';
import { exitStatuses } from '../../exit-status.ts';
import { type CommonOptions, connect, declareCommon, readCommon } from '../../flags/common.ts';
import { noWords } from '../../flags/words.ts';
import { allOf } from '../../pages.ts';

/** `muster node pending`: keys that wait for an operator. */
export const nodePending = defineCommand<CommonOptions>({
  name: 'pending',
  summary: 'List nodes whose keys wait for approval',
  examples: ['muster node pending'],
  declare: declareCommon,
  read({ words, flags }) {
    noWords(words);
    return readCommon(flags);
  },
  async run(options, io) {
    const keys = await allOf(await connect(options, io), '/v1/admin/nodes/pending', 'keys');
    if (options.json) {
      io.stdout.write(`${JSON.stringify({ keys }, null, 2)}\n`);
      return exitStatuses.ok.status;
    }
    const now = epochSeconds(io.clock);
    const ago = (seconds: unknown): string =>
      typeof seconds === 'number' ? `${shownDuration(now - seconds)} ago` : '';
    const rows = keys.flatMap((record) => candidatesOf(record).map((candidate) => ({ record, candidate })));
    io.stdout.write(
      renderTable(
        [
          { title: 'NODE', cell: ({ record }) => String(record.identity) },
          { title: 'FINGERPRINT', cell: ({ candidate }) => String(candidate.fingerprint) },
          { title: 'FIRST SEEN', cell: ({ candidate }) => ago(candidate.firstSeen) },
          { title: 'LAST SEEN', cell: ({ candidate }) => ago(candidate.lastSeen) },
          { title: 'STATE', cell: ({ record }) => String(record.state) },
        ],
        rows,
      ),
    );
    if (rows.length === 0 && !options.quiet) io.stderr.write('No key waits\n');
    return exitStatuses.ok.status;
  },
});

function candidatesOf(record: JsonObject): readonly JsonObject[] {
  return Array.isArray(record.candidates) ? record.candidates.filter(isJsonObject) : [];
}
