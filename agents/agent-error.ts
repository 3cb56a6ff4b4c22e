import { MusterError } from '../core/index.ts';

/** Errors of agents/: identity, fact sources, state of the daemon, simulation. */
export class AgentError extends MusterError {}
