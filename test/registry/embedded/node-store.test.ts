import { nodeStoreContract } from '../node-store.contract.ts';
import { openForTest } from './open-for-test.ts';

nodeStoreContract('embedded', () => openForTest());
