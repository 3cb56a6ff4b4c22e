import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { CliError } from './errors.ts';
import { exitStatusOfSignal } from './exit-status.ts';

/** Signals that are passed on. Those of the terminal's keys reach the program by themselves and must not end us first. */
const PASSED_ON: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'];
const LEFT_TO_THE_PROGRAM: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

/**
 * Runs a program on our own terminal and streams, and resolves with its exit status: as near to exec(2) as Node comes.
 * No shell reads the arguments. Where a signal ended it, the same signal ends us.
 * @throws CliError `program_missing`
 */
export function become(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit' });
    const passOn = (signal: NodeJS.Signals): void => {
      child.kill(signal);
    };
    const leave = (): void => {};
    for (const signal of PASSED_ON) process.on(signal, passOn);
    for (const signal of LEFT_TO_THE_PROGRAM) process.on(signal, leave);
    const release = (): void => {
      for (const signal of PASSED_ON) process.off(signal, passOn);
      for (const signal of LEFT_TO_THE_PROGRAM) process.off(signal, leave);
    };
    child.on('error', (cause: NodeJS.ErrnoException) => {
      release();
      reject(
        new CliError(
          'program_missing',
          `Cannot start ${program}: ${cause.code === 'ENOENT' ? 'not found' : cause.message}`,
          {
            value: program,
            cause,
          },
        ),
      );
    });
    child.on('close', (status, signal) => {
      release();
      if (signal === null) {
        resolve(status ?? 0);
        return;
      }
      process.kill(process.pid, signal);
      // Only where the signal is one that does not end us.
      resolve(exitStatusOfSignal(constants.signals[signal]));
    });
  });
}
