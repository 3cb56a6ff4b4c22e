import { MusterError } from '../core/index.ts';

/** Errors of cli/: wrong flags, a choice that cannot be made, files that commands read. */
export class CliError extends MusterError {}
