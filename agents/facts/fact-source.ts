import type { JsonObject } from '../../core/index.ts';

/*
 * What a source of facts is. A source reads one thing (Facter, one part of the system, one file) and knows nothing of
 * the others; gather.ts runs them side by side, bounds their time, and puts their facts together.
 */

/** What a source is given for one reading. */
export interface SourceContext {
  /** Fires at the time limit or when the agent stops: kill children, give up. */
  readonly signal: AbortSignal;
}

/** What one reading gave. */
export interface SourceReading {
  readonly facts: JsonObject;
  /** Things that were wrong without spoiling the rest: a line that is not `key=value`, an exit status of 1. */
  readonly warnings?: readonly string[];
}

/**
 * - `facter` wins over `own`, which fills its gaps; both are the machine's own facts, from which the legacy names are
 *   derived. `external` facts are the operator's and win over all, whole top-level names at a time.
 */
export type SourceLayer = 'facter' | 'own' | 'external';

/** One source of facts. */
export interface FactSource {
  /** In logs and the status: `facter`, `linux.networking`, `facts.d/50-site.yaml`. */
  readonly name: string;
  readonly layer: SourceLayer;
  /** @throws AgentError `fact_source_failed`, or anything: the source is then named in the log and its last good facts stand. */
  read(context: SourceContext): Promise<SourceReading>;
}

/** Sources that are found anew at each gathering, such as the files of a directory. */
export interface FactSourceFinder {
  find(): Promise<readonly FactSource[]>;
}
