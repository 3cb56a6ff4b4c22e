/** What the engine shows of itself, for /metrics and the log. */
export interface EngineFigures {
  readonly ready: boolean;
  /** Nodes that have a row, retired ones too. */
  readonly nodes: number;
  readonly serving: number;
  readonly columns: number;
  readonly sparseColumns: number;
  /** Nodes with values that found no column. */
  readonly overflowNodes: number;
  /** Bytes of columns and kept sets. */
  readonly bytes: number;
  readonly keptSetBytes: number;
  readonly position: string;
  /** Events applied since the start. */
  readonly events: number;
  /** Events that did not say enough, so that the document was read. */
  readonly rereads: number;
  /** Milliseconds since the oldest event that is being applied came; 0 where none is. */
  readonly feedLagMs: number;
  /** Longest slice of work since the figures were last asked for, milliseconds. */
  readonly longestSliceMs: number;
  /** Questions that had to leave the columns, and how many nodes they read for it. */
  readonly fallbacks: { readonly overflow: number; readonly documents: number; readonly nodes: number };
  readonly rebuilds: number;
  readonly snapshot: {
    readonly written: number;
    readonly abandoned: number;
    readonly failed: number;
    readonly bytes: number;
    readonly milliseconds: number;
  };
}
