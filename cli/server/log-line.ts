import { inertText } from '../../renderers/index.ts';

/** One record of the log. */
export type LogRecord = Readonly<Record<string, unknown>>;

/** Fields that stand elsewhere on the line, or say nothing on a terminal. */
const SHOWN_ELSEWHERE = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'part', 'err']);

/**
 * What follows time and level on a terminal: `agent: Connected to the broker, host=127.0.0.1 port=6163`. Texts of other
 * machines are made inert; the stack of an error stands below it.
 */
export function logLine(record: LogRecord): string {
  const { part, msg, err } = record;
  const fields = Object.entries(record).flatMap(([name, value]) =>
    SHOWN_ELSEWHERE.has(name) || value === undefined ? [] : [`${inertText(name)}=${fieldText(value)}`],
  );
  const text = typeof msg === 'string' ? `${msg.charAt(0).toUpperCase()}${msg.slice(1)}` : '';
  const head = `${typeof part === 'string' ? `${part}: ` : ''}${inertText(text)}`;
  return [head, ...fields].join(' ') + errorText(err);
}

/** Plain words as they are, all else as JSON, so that a value with blanks has an end. */
function fieldText(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=\\]+$/.test(value)) return inertText(value);
  return inertText(JSON.stringify(value) ?? String(value));
}

function errorText(err: unknown): string {
  if (err === undefined || err === null) return '';
  if (typeof err !== 'object') return ` err=${fieldText(err)}`;
  const { stack, message } = err as { readonly stack?: unknown; readonly message?: unknown };
  if (typeof stack !== 'string') return ` err=${fieldText(message ?? err)}`;
  return `\n${stack
    .split('\n')
    .map((line) => `    ${inertText(line)}`)
    .join('\n')}`;
}
