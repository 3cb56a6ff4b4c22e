import { describe } from 'vitest';
import { applyContract } from './contract/apply.ts';
import { feedContract } from './contract/feed.ts';
import type { OpenStore } from './contract/fixtures.ts';
import { readingContract } from './contract/reading.ts';
import { recordsContract } from './contract/records.ts';

/** The contract of registry/node-store.ts as tests. Every implementation of NodeStore runs them. */
export function nodeStoreContract(name: string, open: OpenStore): void {
  describe(`the ${name} store, by the contract of node stores`, () => {
    applyContract(open);
    readingContract(open);
    feedContract(open);
    recordsContract(open);
  });
}
