import { setTimeout as delay } from 'node:timers/promises';
import { dataDirOf, type Logger, loadConfig } from '../../core/index.ts';
import type { AgentOptions } from '../commands/agent.ts';
import { CliError } from '../errors.ts';
import { exitStatuses } from '../exit-status.ts';
import type { CommandIo } from '../io.ts';
import { ensureDataDir } from '../server/data-dir.ts';
import { commandLogger } from '../server/log.ts';
import { untilTold } from '../server/signals.ts';
import { createLocalAgent, type LocalAgent } from './local-agent.ts';

/** `muster agent`: registers this machine until told to stop, or once. */
export async function runAgent(options: AgentOptions, io: CommandIo): Promise<number> {
  const { config, file } = loadConfig({ file: options.configFile, env: io.env });
  ensureDataDir(dataDirOf(config, io.env));
  const logger = commandLogger(config, io);
  const { told, release } = untilTold(logger);
  const { env, clock } = io;
  const local = await createLocalAgent({ config, env, clock, logger, atOnce: options.atOnce });
  logger.info({ identity: local.identity, config: file, interval: config.registration.interval }, 'The agent runs');
  try {
    if (!options.once) local.start();
    if (!options.once) return (await told).status;
    return (await Promise.race([registerOnce(local, logger), told, tooLate(options.timeoutMs)])).status;
  } finally {
    await local.stop();
    release();
  }
}

/** Fails after the time that somebody waits; what stood in the way is in the log. */
async function tooLate(timeoutMs: number): Promise<never> {
  await delay(timeoutMs, undefined, { ref: false });
  throw new CliError('broker_unreachable', `The registry did not take the registration within ${timeoutMs} ms`, {
    remedy: 'See the log lines above: the broker is away, or refuses this node’s key (muster node rebind)',
  });
}

async function registerOnce(local: LocalAgent, logger: Logger): Promise<{ readonly status: number }> {
  const outcome = await local.registerOnce();
  logger.info({ identity: local.identity, outcome }, 'The registration has ended');
  return outcome.kind === 'receipted' ? exitStatuses.ok : exitStatuses.notAllowed;
}
