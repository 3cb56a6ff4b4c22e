import { type Config, dataDirOf, loadConfig } from '../../core/index.ts';
import { colours } from '../colours.ts';
import type { ServeOptions } from '../commands/serve.ts';
import type { CommandIo } from '../io.ts';
import { CLIENT_DEFAULTS } from '../settings/client-settings.ts';
import { VERSION } from '../version.ts';
import { bannerText } from './banner.ts';
import { ensureDataDir } from './data-dir.ts';
import { Lifetime } from './lifetime.ts';
import { commandLogger } from './log.ts';
import { startServer } from './server.ts';
import { untilTold } from './signals.ts';

/** `muster serve`: runs until told to stop. Errors at start are thrown, with nothing left open. */
export async function runServer(options: ServeOptions, io: CommandIo): Promise<number> {
  const { config, file } = loadConfig({ file: options.configFile, env: io.env });
  const dataDir = dataDirOf(config, io.env);
  ensureDataDir(dataDir);
  const logger = commandLogger(config, io);
  const { told, release } = untilTold(logger);
  const lifetime = new Lifetime(logger);
  // An error at start says enough by itself.
  let hasRun = false;
  try {
    const { role, withAgent } = options;
    const starting = startServer({ config, env: io.env, role, withAgent, clock: io.clock, logger, lifetime });
    const first = await Promise.race([starting, told]);
    if ('status' in first) {
      await starting.catch(() => {});
      return first.status;
    }
    hasRun = true;
    const { http, stomp, identity } = first;
    const at = stomp === undefined ? undefined : `${stomp.host}:${stomp.port}`;
    // A terminal shows it in the banner.
    const level = io.stderr.isTTY === true ? 'debug' : 'info';
    logger[level]({ version: VERSION, role, http, stomp: at, dataDir, config: file, identity }, 'Muster runs');
    if (io.stderr.isTTY === true || options.tryWith !== undefined) {
      const prefix = `${settingsPrefix(http, dataDir, io.env, config)}${options.tryWith === undefined ? '' : `${options.tryWith} `}`;
      const running = { version: VERSION, http, stomp: at, dataDir, identity, prefix };
      io.stderr.write(bannerText(running, colours(io.stderr, io.env, undefined)));
    }
    return (await told).status;
  } finally {
    await lifetime.close();
    if (hasRun) logger.info('Muster has stopped');
    release();
  }
}

/** The settings that a command in another shell needs to find this server; nothing where all is as by default. */
function settingsPrefix(http: string, dataDir: string, env: CommandIo['env'], config: Config): string {
  const parts: string[] = [];
  const bare = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('MUSTER_')));
  const found = env.MUSTER_CLIENT_URL === undefined ? config.client.url : CLIENT_DEFAULTS.url;
  if (http !== found) parts.push(`MUSTER_CLIENT_URL=${http}`);
  if (dataDir !== dataDirOf({}, bare)) parts.push(`MUSTER_DATA_DIR=${dataDir}`);
  return parts.map((part) => `${part} `).join('');
}
