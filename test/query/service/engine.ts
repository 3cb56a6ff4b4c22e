import type { Clock, NodeDocument } from '../../../core/index.ts';
import type { QueryEngine } from '../../../query/answers.ts';
import type { NodeStore } from '../../../registry/index.ts';
import { engineDouble } from './engine-double.ts';

export async function startEngine(store: NodeStore, clock: Clock) {
  const documents: NodeDocument[] = [];
  for await (const slice of store.scan()) documents.push(...slice);
  return { engine: engineDouble(documents, clock.nowMs() / 1000) as QueryEngine, close: async () => {} };
}
