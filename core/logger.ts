import pino, { type DestinationStream, type Logger as PinoLogger } from 'pino';

/** What every room logs through: pino's interface, the level methods and `child`. */
export type Logger = Pick<PinoLogger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'level'> & {
  child(bindings: Record<string, unknown>): Logger;
};

/** Settings of {@link createLogger}. */
export interface LoggerOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** Where lines go; standard error where nothing is named. A pretty printer is such a stream. */
  readonly destination?: DestinationStream;
}

/** JSON lines with time, level, message and bindings; secrets are redacted by key. */
export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: [
        'passcode',
        'password',
        'token',
        'secret',
        'authorization',
        '*.passcode',
        '*.password',
        '*.token',
        '*.secret',
      ],
    },
    options.destination ?? pino.destination({ dest: 2, sync: true }),
  );
}

/** A logger that drops everything. */
export function silentLogger(): Logger {
  return createLogger({ level: 'silent' });
}
