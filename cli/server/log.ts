import pretty from 'pino-pretty';
import { type Config, createLogger, type Logger } from '../../core/index.ts';
import { colours } from '../colours.ts';
import type { CommandIo } from '../io.ts';
import { type LogRecord, logLine } from './log-line.ts';

/** The log of a long-running command: JSON lines on standard error, pretty on a terminal. */
export function commandLogger(config: Pick<Config, 'log'>, io: CommandIo): Logger {
  const { level } = config.log;
  if (io.stderr.isTTY !== true) return createLogger({ level });
  const colorize = colours(io.stderr, io.env, undefined).on;
  const layout = {
    translateTime: 'SYS:HH:MM:ss',
    hideObject: true,
    messageFormat: (record: LogRecord) => logLine(record),
  };
  return createLogger({ level, destination: pretty({ ...layout, colorize, destination: 2, sync: true }) });
}
