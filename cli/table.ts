import type { AnyCommand } from './command.ts';
import { agent } from './commands/agent.ts';
import { deadletter } from './commands/deadletter/deadletter.ts';
import { facts } from './commands/facts.ts';
import { find } from './commands/find.ts';
import { importCommand } from './commands/import.ts';
import { inventory } from './commands/inventory.ts';
import { node } from './commands/node/node.ts';
import { query } from './commands/query.ts';
import { serve } from './commands/serve.ts';
import { simulate } from './commands/simulate.ts';
import { ssh } from './commands/ssh.ts';
import { token } from './commands/token/token.ts';

/** Every command, in the order of the help. A new one is a file and a line here. */
export const commands: readonly AnyCommand[] = [
  find,
  query,
  facts,
  inventory,
  ssh,
  importCommand,
  node,
  token,
  deadletter,
  serve,
  agent,
  simulate,
];
