import { isJsonObject, type Json, type JsonObject } from '../../../core/index.ts';
import { type Column, inertText, renderTable } from '../../../renderers/index.ts';
import { defineCommand, defineGroup } from '../../command.ts';
import { exitStatuses } from '../../exit-status.ts';
import { type CommonOptions, connect, declareCommon, readCommon } from '../../flags/common.ts';
import { noWords, oneWord } from '../../flags/words.ts';
import { terminalColumns } from '../../io.ts';
import { allOf } from '../../pages.ts';

const PATH = '/v1/admin/deadletters';

interface LetterOptions extends CommonOptions {
  readonly id: string;
}

const columns: readonly Column<JsonObject>[] = [
  { title: 'ID', cell: (letter) => String(letter.id) },
  { title: 'RECEIVED', cell: (letter) => moment(letter.receivedAt) },
  { title: 'FROM', cell: (letter) => originText(letter.origin) },
  { title: 'CODE', cell: (letter) => String(errorOf(letter).code) },
  { title: 'REASON', cell: (letter) => String(errorOf(letter).message) },
];

const list = defineCommand<CommonOptions>({
  name: 'list',
  summary: 'List refused messages, oldest first',
  examples: ['muster deadletter list', 'muster deadletter list --json'],
  declare: declareCommon,
  read({ words, flags }) {
    noWords(words);
    return readCommon(flags);
  },
  async run(options, io) {
    const deadLetters = await allOf(await connect(options, io), PATH, 'deadLetters');
    if (options.json) io.stdout.write(`${JSON.stringify({ deadLetters }, null, 2)}\n`);
    else io.stdout.write(renderTable(columns, deadLetters, terminalColumns(io.stdout)));
    if (deadLetters.length === 0 && !options.quiet) io.stderr.write('No message was refused\n');
    return exitStatuses.ok.status;
  },
});

const show = defineCommand<LetterOptions>({
  name: 'show',
  summary: 'Print a refused message',
  usage: '<id>',
  examples: ['muster deadletter show ID', 'muster deadletter show ID --json'],
  declare: declareCommon,
  read: ({ words, flags }) => ({ ...readCommon(flags), id: oneWord(words, 'id') }),
  async run(options, io) {
    const client = await connect(options, io);
    const letter = (await client.admin('GET', `${PATH}/${encodeURIComponent(options.id)}`)) as JsonObject;
    io.stdout.write(options.json ? `${JSON.stringify(letter, null, 2)}\n` : letterText(letter));
    return exitStatuses.ok.status;
  },
});

const replay = defineCommand<LetterOptions>({
  name: 'replay',
  summary: 'Send a refused message through the pipeline again',
  usage: '<id>',
  examples: ['muster deadletter replay ID'],
  declare: declareCommon,
  read: ({ words, flags }) => ({ ...readCommon(flags), id: oneWord(words, 'id') }),
  async run(options, io) {
    const client = await connect(options, io);
    const outcome = (await client.admin('POST', `${PATH}/${encodeURIComponent(options.id)}/replay`, {})) as JsonObject;
    if (options.json) io.stdout.write(`${JSON.stringify(outcome, null, 2)}\n`);
    else io.stdout.write(`${outcome.identity}: ${outcome.outcome}\n`);
    return exitStatuses.ok.status;
  },
});

const remove = defineCommand<LetterOptions>({
  name: 'remove',
  summary: 'Delete a refused message',
  usage: '<id>',
  examples: ['muster deadletter remove ID'],
  declare: declareCommon,
  read: ({ words, flags }) => ({ ...readCommon(flags), id: oneWord(words, 'id') }),
  async run(options, io) {
    const client = await connect(options, io);
    await client.admin('DELETE', `${PATH}/${encodeURIComponent(options.id)}`);
    if (options.json) io.stdout.write(`${JSON.stringify({ removed: options.id })}\n`);
    else io.stdout.write(`${options.id}: removed\n`);
    return exitStatuses.ok.status;
  },
});

/** `muster deadletter list|show|replay|remove`: messages that were refused and kept. */
export const deadletter = defineGroup('deadletter', 'Look at refused messages and replay them', [
  list,
  show,
  replay,
  remove,
]);

function errorOf(letter: JsonObject): JsonObject {
  return isJsonObject(letter.error) ? letter.error : {};
}

function moment(ms: Json | undefined): string {
  return typeof ms === 'number' ? new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z') : '';
}

/** Where it came from: `http token=deploy`, `stomp node=db1.acme.net`. */
function originText(origin: Json | undefined): string {
  if (!isJsonObject(origin)) return '';
  const caller = isJsonObject(origin.caller) ? origin.caller.callerid : origin.peer;
  return [origin.via, caller].filter((part) => part !== undefined).join(' ');
}

function letterText(letter: JsonObject): string {
  const error = errorOf(letter);
  const head = [
    ['id', letter.id],
    ['received', moment(letter.receivedAt)],
    ['from', originText(letter.origin)],
    ['code', error.code],
    ['reason', error.message],
    ['remedy', error.remedy],
    ['bytes', `${letter.bytes}${letter.cut === true ? ', of which only the beginning is kept' : ''}`],
    ['replays', letter.replays],
  ] as const;
  const lines = head.map(([label, value]) => `${label.padStart(9)}: ${inertText(String(value ?? ''))}\n`);
  // Line breaks of the body are its own; everything else that moves a terminal is shown as what it is.
  const body = String(letter.body ?? '')
    .split('\n')
    .map(inertText)
    .join('\n');
  return `${lines.join('')}\n${body}\n`;
}
