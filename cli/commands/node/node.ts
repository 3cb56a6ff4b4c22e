import { defineGroup } from '../../command.ts';
import { nodeActs } from './acts.ts';
import { nodeList } from './list.ts';
import { nodePending } from './pending.ts';
import { nodeShow } from './show.ts';

/** `muster node ...`: nodes and their keys. */
export const node = defineGroup('node', 'List nodes, approve, retire and forget them', [
  nodeList,
  nodeShow,
  nodePending,
  ...nodeActs,
]);
