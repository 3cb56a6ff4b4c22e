import type { OpenStore, StoreUnderTest } from './fixtures.ts';

/** Runs a test with a store of its own, and takes it away after. */
export function withStore(open: OpenStore): (test: (under: StoreUnderTest) => Promise<void>) => Promise<void> {
  return async (test) => {
    const under = await open();
    try {
      await test(under);
    } finally {
      await under.dispose();
    }
  };
}
