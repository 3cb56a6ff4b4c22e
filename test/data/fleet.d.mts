/** One made-up node of the test fleet, always the same for the same number. */
export interface FleetNode {
  readonly identity: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly classes: readonly string[];
  readonly agentlist: readonly string[];
  readonly collectives: readonly string[];
}

export function node(i: number): FleetNode;
