import { join } from 'node:path';
import { type Agent, createAgent, type DeliveryOutcome, resolveIdentity } from '../../agents/index.ts';
import { type Clock, type Config, dataDirOf, type Identity, type Logger } from '../../core/index.ts';
import { loadOrCreateSigningKey, nodeLogin } from '../../wire/index.ts';
import { readSecret } from '../settings/read-secret.ts';
import { firstLine, nodeLink } from './link.ts';

/** What {@link createLocalAgent} works with. */
export interface LocalAgentOptions {
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The embedded broker of this very process. */
  readonly embedded?: { readonly host: string; readonly port: number } | undefined;
  /** True registers at once: somebody waits. */
  readonly atOnce?: boolean;
}

/** The agent of this machine and how it ends. */
export interface LocalAgent {
  readonly identity: Identity;
  readonly agent: Agent;
  /** Registers now and at every interval. */
  start(): void;
  /** Registers once and gives what became of it. */
  registerOnce(): Promise<DeliveryOutcome>;
  stop(): Promise<void>;
}

/** Makes the agent of this machine, with its key and its link. */
export async function createLocalAgent(options: LocalAgentOptions): Promise<LocalAgent> {
  const { config, clock } = options;
  const stateDir = join(dataDirOf(config, options.env), 'agent');
  const identity = await resolveIdentity(config.agent.identity, { logger: options.logger });
  const logger = options.logger.child({ identity });
  const signingKey = loadOrCreateSigningKey(join(stateDir, 'key.pem'));
  const link = nodeLink({ config, logger, login: nodeLogin(identity, signingKey, clock), embedded: options.embedded });
  const { joinTokenFile } = config.security;
  const agent = createAgent({
    config,
    identity,
    link,
    signingKey,
    logger,
    stateDir,
    clock,
    joinToken: joinTokenFile === undefined ? undefined : firstLine(readSecret(joinTokenFile, 'security.joinTokenFile')),
    atOnce: options.atOnce === true,
  });
  return {
    identity,
    agent,
    start() {
      link.start();
      agent.start();
    },
    registerOnce() {
      link.start();
      return agent.registerNow();
    },
    async stop() {
      await agent.stop();
      await link.stop();
    },
  };
}
