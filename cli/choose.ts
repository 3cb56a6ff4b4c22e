import { createInterface } from 'node:readline';
import { inertText } from '../renderers/index.ts';
import type { CommandIo } from './io.ts';

/**
 * Shows a numbered list on the terminal and reads a number, again until it is one of the list. The last entry is Exit.
 * Undefined where that is chosen, at end of input, and after Ctrl-C.
 */
export async function choose(question: string, names: readonly string[], io: CommandIo): Promise<string | undefined> {
  const width = String(names.length + 1).length;
  const lines = [...names, 'Exit'].map((name, i) => `${String(i + 1).padStart(width + 2)}  ${inertText(name)}\n`);
  io.stderr.write(`${lines.join('')}\n`);
  const terminal = createInterface({
    input: io.stdin,
    output: io.stderr as NodeJS.WritableStream,
    terminal: true,
    prompt: `${question} (1-${names.length + 1}): `,
  });
  terminal.on('SIGINT', () => terminal.close());
  try {
    terminal.prompt();
    // Lines typed ahead are kept until they are asked for.
    for await (const line of terminal) {
      const answer = line.trim();
      const number = /^\d{1,9}$/.test(answer) ? Number(answer) : Number.NaN;
      if (number === names.length + 1) return undefined;
      const chosen = names[number - 1] ?? names.find((name) => name === answer);
      if (chosen !== undefined) return chosen;
      io.stderr.write(`Please give a number from 1 to ${names.length + 1}\n`);
      terminal.prompt();
    }
    io.stderr.write('\n');
    return undefined;
  } finally {
    terminal.close();
  }
}
