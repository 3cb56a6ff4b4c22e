/** Node i of the made-up fleet, the same for the same number. */
export function node(i: number): {
  readonly identity: string;
  readonly facts: { readonly [key: string]: import('../../core/index.ts').Json };
  readonly classes: readonly string[];
  readonly agentlist: readonly string[];
  readonly collectives: readonly string[];
};
