import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../../core/index.ts';
import { type EmbeddedStoreOptions, openEmbeddedStore } from '../../../registry/index.ts';
import type { StoreUnderTest } from '../contract/fixtures.ts';

/** A new folder below the system's folder for temporary files. */
export async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'muster-store-'));
}

/** An embedded store in a folder of its own. */
export async function openForTest(options: Partial<EmbeddedStoreOptions> = {}): Promise<StoreUnderTest> {
  const path = options.path ?? (await temporaryFolder());
  const logger = silentLogger();
  let store = await openEmbeddedStore({ logger, ...options, path });
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await openEmbeddedStore({ logger, ...options, path });
      return store;
    },
    dispose: async () => {
      await store.close();
      await rm(path, { recursive: true, force: true });
    },
  };
}
