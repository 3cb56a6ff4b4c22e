import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { ClientError, type ServiceClient } from '../../client/index.ts';
import { isJsonObject, type Json, type JsonObject } from '../../core/index.ts';
import { inertText } from '../../renderers/index.ts';
import { defineCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import { exitStatuses } from '../exit-status.ts';
import { fileFault } from '../file-fault.ts';
import { type CommonOptions, connect, declareCommon, readCommon } from '../flags/common.ts';
import type { CommandIo } from '../io.ts';

/** What `muster import` is asked. */
export interface ImportOptions extends CommonOptions {
  /** A path, or `-` for standard input. */
  readonly file: string;
  readonly gzip: boolean;
}

/** A fleet may take its time; a registry that says nothing for so long is gone. */
const SILENCE_MS = 60_000;
/** Refusals that are printed; all are counted. */
const REFUSALS_SHOWN = 20;
const PROGRESS_EVERY_MS = 1000;

/** `muster import FILE`: registers documents of nodes, with the admin token. */
export const importCommand = defineCommand<ImportOptions>({
  name: 'import',
  summary: 'Register nodes from JSON lines or a JSON array',
  usage: '<file>',
  examples: ['% fleet.ndjson', 'make-fleet | % -', '% --gzip fleet.ndjson'],
  declare(command) {
    command.option('--gzip', 'Send compressed');
    declareCommon(command);
  },
  read({ words, flags }) {
    const [file, ...more] = words;
    if (file === undefined || more.length > 0)
      throw new CliError('usage', 'Please name one file, or - for standard input');
    return { ...readCommon(flags), file, gzip: flags.gzip === true };
  },
  async run(options, io) {
    const client = await connect({ ...options, timeoutMs: options.timeoutMs ?? SILENCE_MS }, io);
    const input = options.file === '-' ? io.stdin : createReadStream(options.file);
    const { asJsonLines } = await import('../json-lines.ts');
    const progress = startProgress(options, io);
    try {
      const lines = asJsonLines(input, progress.count);
      const answer = await send(client, lines, options);
      progress.stop();
      return report(answer, options, io);
    } catch (error) {
      throw fileFault(error, options.file);
    } finally {
      progress.stop();
    }
  },
});

/** The report, whether all went in (200) or some were refused (an error that carries it). */
async function send(client: ServiceClient, lines: Readable, { gzip }: ImportOptions): Promise<JsonObject> {
  try {
    return (await client.importStream(lines, { gzip })) as JsonObject;
  } catch (error) {
    if (!(error instanceof ClientError) || !isJsonObject(error.answer) || error.answer.received === undefined)
      throw error;
    // The rest of a stream that the service broke off would wait for ever.
    lines.destroy();
    return error.answer;
  }
}

function report(answer: JsonObject, options: ImportOptions, io: CommandIo): number {
  if (options.json) io.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  const refused = number(answer.refused);
  if (!options.quiet) {
    const parts = ['inserted', 'changed', 'unchanged', 'duplicate', 'refused'].map(
      (name) => `${number(answer[name])} ${name}`,
    );
    io.stderr.write(`${number(answer.received)} received: ${parts.join(', ')}\n`);
  }
  const refusals = Array.isArray(answer.refusals) ? answer.refusals.filter(isJsonObject) : [];
  for (const refusal of refusals.slice(0, REFUSALS_SHOWN)) io.stderr.write(`${refusalText(refusal)}\n`);
  if (refused > REFUSALS_SHOWN) {
    io.stderr.write(`and ${refused - Math.min(refusals.length, REFUSALS_SHOWN)} more: muster deadletter list\n`);
  }
  const brokenOff = answer.code !== undefined && answer.code !== 'batch_refused';
  if (brokenOff) io.stderr.write(`The service broke off: ${inertText(String(answer.message))} (${answer.code})\n`);
  return refused > 0 || brokenOff ? exitStatuses.some.status : exitStatuses.ok.status;
}

function refusalText({ line, code, message, deadLetter }: JsonObject): string {
  const kept = deadLetter === undefined ? '' : `, kept as ${deadLetter}`;
  return inertText(`line ${line}: ${message} (${code}${kept})`);
}

function number(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0;
}

/** Counts documents and, on a terminal and after a second, says how many were sent. */
function startProgress(
  options: ImportOptions,
  io: CommandIo,
): { readonly count: () => void; readonly stop: () => void } {
  const shown = io.stderr.isTTY === true && !options.quiet;
  let sent = 0;
  let drawn = false;
  const draw = (): void => {
    drawn = true;
    io.stderr.write(`\r${sent} sent`);
  };
  const timer = shown ? setInterval(draw, PROGRESS_EVERY_MS) : undefined;
  return {
    count: () => {
      sent += 1;
    },
    stop: () => {
      clearInterval(timer);
      if (drawn) io.stderr.write('\r\u001b[K');
      drawn = false;
    },
  };
}
