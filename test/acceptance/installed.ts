import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/*
 * Muster as its user has it: the built commands, a server process, a data directory of its own.
 */

/** The root of the checkout. */
export const root = resolve(import.meta.dirname, '../..');

/** A built command of ours. */
export function bin(name: string): string {
  const file = join(root, 'dist', 'bin', `${name}.cjs`);
  if (!existsSync(file)) throw new Error(`${file} is not there: run npm run build first`);
  return file;
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}

/** What a finished command left. */
export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Standard input is `input`, or closed. */
export function run(
  program: string,
  args: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly input?: string | Buffer;
    readonly cwd?: string;
    readonly timeoutMs?: number;
  } = {},
): Promise<Ran> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, {
      env: { ...cleanEnvironment(), ...options.env },
      cwd: options.cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', fail);
    child.on('close', (status) => {
      clearTimeout(timer);
      done({ status, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    });
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}

function cleanEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^(MUSTER_|VITEST|NODE_OPTIONS|FORCE_COLOR)/.test(entry[0]),
  );
  return { ...Object.fromEntries(kept), NO_COLOR: '1' };
}

/** Settings of {@link Installed}. */
export interface InstalledOptions {
  /** Arguments of `muster`; `serve` where left out. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly dataDir?: string;
  /** A program and its arguments put before the server's, such as strace. */
  readonly under?: readonly string[];
}

/** A server of ours in a process of its own, with its commands. */
export class Installed {
  readonly dataDir: string;
  readonly httpPort: number;
  readonly stompPort: number;
  readonly #options: InstalledOptions;
  #child: ChildProcess | undefined;
  #log = '';

  private constructor(options: InstalledOptions, dataDir: string, httpPort: number, stompPort: number) {
    this.#options = options;
    this.dataDir = dataDir;
    this.httpPort = httpPort;
    this.stompPort = stompPort;
  }

  /** Makes the data directory and starts the server; resolves when it is ready. */
  static async start(options: InstalledOptions = {}): Promise<Installed> {
    const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'muster-data-'));
    const installed = new Installed(options, dataDir, await freePort(), await freePort());
    await installed.up();
    return installed;
  }

  /** The environment that makes every command of ours talk to this server. */
  get env(): Record<string, string> {
    return {
      MUSTER_CONFIG: '/dev/null',
      MUSTER_DATA_DIR: this.dataDir,
      MUSTER_HTTP_LISTEN: `127.0.0.1:${this.httpPort}`,
      MUSTER_BROKER_EMBEDDED: `127.0.0.1:${this.stompPort}`,
      MUSTER_CLIENT_URL: this.url,
      ...this.#options.env,
    };
  }

  get url(): string {
    return `http://127.0.0.1:${this.httpPort}`;
  }

  /** Everything the server has written to its standard streams. */
  get log(): string {
    return this.#log;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** The local administrator's token. */
  get adminToken(): string {
    return readFileSync(join(this.dataDir, 'admin.token'), 'utf8').trim();
  }

  /** Starts the process again on the same data and ports. */
  async up(): Promise<void> {
    const [program, ...before] = [...(this.#options.under ?? []), process.execPath];
    const child = spawn(program as string, [...before, bin('muster'), ...(this.#options.args ?? ['serve'])], {
      env: { ...cleanEnvironment(), ...this.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const killAtExit = () => child.kill('SIGKILL');
    process.once('exit', killAtExit);
    child.once('exit', () => process.off('exit', killAtExit));
    const keep = (chunk: Buffer) => {
      this.#log += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    await this.ready();
  }

  /** Resolves when /readyz says so. */
  async ready(withinMs = 30_000): Promise<void> {
    const until = Date.now() + withinMs;
    for (;;) {
      if (this.#child?.exitCode !== null) throw new Error(`the server ended by itself:\n${this.#log}`);
      const status = await this.get('/readyz').then(
        (answer) => answer.status,
        () => 0,
      );
      if (status === 200) return;
      if (Date.now() > until) throw new Error(`the server was not ready in ${withinMs} ms:\n${this.#log}`);
      await new Promise((done) => setTimeout(done, 25));
    }
  }

  /** Ends it at once, as a power cut would. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Ends it gracefully. */
  down(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** Ends it and removes its data. */
  async remove(): Promise<void> {
    await this.down();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((done) => {
      child.once('exit', () => done());
      child.kill(signal);
    });
  }

  /** Runs `muster` or one of the seed's names against this server. */
  run(
    name: string,
    args: readonly string[],
    options: { readonly input?: string | Buffer; readonly timeoutMs?: number } = {},
  ): Promise<Ran> {
    return run(process.execPath, [bin(name), ...args], { ...options, env: this.env });
  }

  /** GET of the service. */
  get(
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number; readonly body: string }> {
    return this.#ask('GET', path, headers);
  }

  /** POST of a JSON body. */
  post(
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number; readonly body: string }> {
    return this.#ask('POST', path, { 'content-type': 'application/json', ...headers }, JSON.stringify(body));
  }

  #ask(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<{ readonly status: number; readonly body: string }> {
    return new Promise((done, fail) => {
      const asking = request(
        { host: '127.0.0.1', port: this.httpPort, method, path, headers, agent: false },
        (answer) => {
          const parts: Buffer[] = [];
          answer.on('data', (part: Buffer) => parts.push(part));
          answer.on('end', () => done({ status: answer.statusCode ?? 0, body: Buffer.concat(parts).toString() }));
          answer.on('error', fail);
        },
      );
      asking.on('error', fail);
      asking.end(body);
    });
  }
}
