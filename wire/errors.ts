import { MusterError } from '../core/index.ts';

/** Errors of wire/: frames, messages, signatures, keys, the broker and the link to it. */
export class WireError extends MusterError {}
