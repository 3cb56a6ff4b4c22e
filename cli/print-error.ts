import type { MusterError } from '../core/index.ts';
import { inertText } from '../renderers/index.ts';
import { colours } from './colours.ts';
import type { CommandIo } from './io.ts';

/** Prints an error for people: what happened, its code, what to do. Never a stack. */
export function printError(name: string, error: MusterError, io: CommandIo, colour: boolean | undefined): void {
  const paint = colours(io.stderr, io.env, colour);
  io.stderr.write(`${name}: ${paint.red(inertText(error.message))} (${error.code})\n`);
  io.stderr.write(`  ${inertText(error.remedy)}\n`);
}
