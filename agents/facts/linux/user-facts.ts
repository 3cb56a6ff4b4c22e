import { userInfo } from 'node:os';
import type { Json, JsonObject } from '../../../core/index.ts';
import { defined, type SystemFiles } from './system-files.ts';

/** `identity`: the user who runs the agent, not the node's identity. */
export async function userFacts(files: SystemFiles): Promise<JsonObject> {
  const { uid, gid, username } = userInfo();
  const group = ((await files.read('/etc/group')) ?? '')
    .split('\n')
    .map((line) => line.split(':'))
    .find((parts) => parts[2] === String(gid))?.[0];
  return { identity: defined<Json>({ uid, gid, user: username, group, privileged: uid === 0 }) };
}
