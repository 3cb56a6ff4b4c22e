import { hostname as systemHostname } from 'node:os';
import { type Identity, type Logger, parseIdentity, shownValue } from '../core/index.ts';
import { AgentError } from './agent-error.ts';
import { canonicalName } from './facts/linux/hostname.ts';
import { type SystemFiles, systemFiles } from './facts/linux/system-files.ts';

/** How long `hostname -f` may ask the resolver. */
const HOSTNAME_LIMIT_MS = 5000;

/** Characters of the machine id in a made-up identity: enough to tell a million machines apart. */
const MACHINE_ID_CHARACTERS = 12;

/** Where {@link resolveIdentity} asks; the machine's own where left out. */
export interface IdentityOptions {
  readonly logger: Logger;
  readonly canonical?: (signal: AbortSignal) => Promise<string | undefined>;
  readonly hostname?: () => string;
  readonly files?: SystemFiles;
}

/**
 * The node's identity from `agent.identity`. `auto` is what `hostname -f` prints, else the host name, else `node-` and
 * the machine id's start, with a warning. `localhost` and names below it are passed over, since every machine calls
 * itself so; configured, they are refused.
 * @throws CoreError `identity_invalid` for a configured name that is none; AgentError `identity_invalid` where the
 * machine has no usable name at all.
 */
export async function resolveIdentity(configured: string, options: IdentityOptions): Promise<Identity> {
  if (configured !== 'auto') return parseIdentity(configured, 'agent.identity');
  const { logger } = options;
  const canonical = await (options.canonical ?? canonicalName)(AbortSignal.timeout(HOSTNAME_LIMIT_MS));
  for (const candidate of [canonical, (options.hostname ?? systemHostname)()]) {
    const identity = usable(candidate);
    if (identity !== undefined) return identity;
  }
  const files = options.files ?? systemFiles();
  const machineId =
    (await files.readTrimmed('/etc/machine-id')) ?? (await files.readTrimmed('/var/lib/dbus/machine-id'));
  const start = /^[0-9a-f]{32}$/i.test(machineId ?? '') ? machineId?.slice(0, MACHINE_ID_CHARACTERS) : undefined;
  if (start === undefined) {
    throw new AgentError(
      'identity_invalid',
      `The machine calls itself ${shownValue(canonical ?? '')} and has no machine id`,
      {
        field: 'agent.identity',
        remedy: 'Give the node a name of its own in agent.identity',
      },
    );
  }
  const identity = parseIdentity(`node-${start}`, 'agent.identity');
  logger.warn(
    { identity, hostname: canonical },
    'This machine has no name of its own; its identity is made from the machine id. Set agent.identity or the host name',
  );
  return identity;
}

function usable(name: string | undefined): Identity | undefined {
  try {
    return name === undefined ? undefined : parseIdentity(name);
  } catch {
    return undefined;
  }
}
