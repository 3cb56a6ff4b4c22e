import { spawn } from 'node:child_process';
import { AgentError } from '../agent-error.ts';

/** Bytes of standard output that are read of a command; a longer one is killed. */
export const COMMAND_OUTPUT_BYTES_MAX = 4 * 1024 * 1024;

/** Bytes of standard error that are kept for the log. */
export const STDERR_EXCERPT_BYTES_MAX = 1024;

/** How long the output of a command that has ended may stay open. */
const LEFT_BEHIND_GRACE_MS = 500;

/** How a command ended. */
export interface CommandResult {
  readonly stdout: Buffer;
  /** The start of what it said on standard error. */
  readonly stderr: string;
  /** Null where a signal ended it. */
  readonly exitCode: number | null;
}

/** What {@link runCommand} runs. */
export interface Command {
  readonly file: string;
  readonly args?: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Killed, with all its children, when it fires. */
  readonly signal: AbortSignal;
  readonly outputBytesMax?: number;
}

/** A failed command: what it said on standard error goes to the log. */
export class CommandError extends AgentError {
  readonly stderr: string;

  constructor(message: string, stderr: string, cause?: unknown) {
    super('fact_source_failed', message, cause === undefined ? {} : { cause });
    this.stderr = stderr;
  }
}

/**
 * Runs a command without a shell, in a process group of its own, so that at the limit its children go with it: a script
 * that hangs usually hangs in a child. Standard input is empty.
 * @throws CommandError `fact_source_failed` when it cannot be started, is cut off by the signal or writes too much. A
 * failing exit status is no error here: Facter exits 1 with complete facts.
 */
export function runCommand(command: Command): Promise<CommandResult> {
  const { file, args = [], signal, outputBytesMax = COMMAND_OUTPUT_BYTES_MAX } = command;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new CommandError(`${file} was not started: no time left`, ''));
    const chunks: Buffer[] = [];
    const errors: Buffer[] = [];
    let outputBytes = 0;
    let errorBytes = 0;
    let settled = false;
    const child = spawn(file, args, {
      cwd: command.cwd ?? '/',
      env: command.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const stderr = (): string =>
      Buffer.concat(errors)
        .toString('utf8')
        .replace(/\u001b\[[0-9;]*m/g, '')
        .trim();
    const killGroup = (): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The group is gone already.
      }
    };
    const settle = (finish: () => void): void => {
      if (settled) return;
      settled = true;
      signal.removeEventListener('abort', onAbort);
      // What a command left running in its group would go on for ever, once a registration.
      killGroup();
      child.stdout.destroy();
      child.stderr.destroy();
      finish();
    };
    const fail = (message: string, cause?: unknown): void =>
      settle(() => reject(new CommandError(message, stderr(), cause)));
    const onAbort = (): void => fail(`${file} was killed at its time limit`);
    signal.addEventListener('abort', onAbort, { once: true });

    child.stdout.on('data', (chunk: Buffer) => {
      outputBytes += chunk.length;
      if (outputBytes > outputBytesMax) fail(`${file} wrote more than ${outputBytesMax} bytes`);
      else chunks.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (errorBytes >= STDERR_EXCERPT_BYTES_MAX) return;
      errors.push(chunk.subarray(0, STDERR_EXCERPT_BYTES_MAX - errorBytes));
      errorBytes += chunk.length;
    });
    child.on('error', (cause) => fail(`${file} cannot be run: ${cause.message}`, cause));
    const done = (exitCode: number | null): void =>
      settle(() => resolve({ stdout: Buffer.concat(chunks), stderr: stderr(), exitCode }));
    child.on('close', done);
    child.on('exit', (exitCode) => {
      // A child it left behind may hold its output open; what has been written by now is what it had to say.
      setTimeout(() => done(exitCode), LEFT_BEHIND_GRACE_MS).unref();
    });
  });
}
