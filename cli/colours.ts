import type { Output } from './io.ts';

/** The few colours that commands use; each gives its text back unchanged where colours are off. */
export interface Colours {
  readonly on: boolean;
  readonly red: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
}

const paint = (on: boolean, open: number, close: number) => (text: string) =>
  on ? `\u001b[${open}m${text}\u001b[${close}m` : text;

/** Colours for one stream: only on a terminal, and never with NO_COLOR, TERM=dumb or --no-color. */
export function colours(
  output: Output,
  env: Readonly<Record<string, string | undefined>>,
  wanted: boolean | undefined,
): Colours {
  const on = wanted !== false && output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  return { on, red: paint(on, 31, 39), dim: paint(on, 2, 22), bold: paint(on, 1, 22) };
}
