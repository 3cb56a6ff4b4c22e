import pretty from 'pino-pretty';
import { type Config, createLogger, type Logger } from '../../core/index.ts';
import { colours } from '../colours.ts';
import type { CommandIo } from '../io.ts';

/** The log of a long-running command: JSON lines on standard error, pretty on a terminal. */
export function commandLogger(config: Pick<Config, 'log'>, io: CommandIo): Logger {
  const { level } = config.log;
  if (io.stderr.isTTY !== true) return createLogger({ level });
  const colorize = colours(io.stderr, io.env, undefined).on;
  const layout = { singleLine: true, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' };
  return createLogger({ level, destination: pretty({ ...layout, colorize, destination: 2, sync: true }) });
}
