import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** A fault of the machine that its user can mend: printed without a stack. */
export class SetupError extends Error {
  constructor(message, remedy) {
    super(message);
    this.remedy = remedy;
  }
}

/** Runs a script's main function; a SetupError is printed as a sentence and ends with status 1. */
export async function runScript(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`muster: ${error.message}\n${error.remedy === undefined ? '' : `  ${error.remedy}\n`}`);
    process.exitCode = 1;
  }
}
