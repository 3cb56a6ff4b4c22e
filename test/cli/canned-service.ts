import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { PassThrough } from 'node:stream';
import { runCommand } from '../../cli/main.ts';
import type { Account } from '../../core/index.ts';

/*
 * A server that gives the answers it was told and keeps what it was asked: what commands send and print is looked at
 * here, what the service really answers in test/acceptance.
 */

/** One request as it came. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Answers by path; a function sees the request. */
export type Canned = (asked: Asked) => { readonly status?: number; readonly body: unknown } | undefined;

/** A canned service on a port of its own. */
export class CannedService {
  readonly asked: Asked[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(answer: Canned): Promise<CannedService> {
    const service: CannedService = new CannedService(
      createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          const asked = {
            method: request.method ?? '',
            path: request.url ?? '',
            headers: request.headers,
            body: Buffer.concat(chunks).toString(),
          };
          service.asked.push(asked);
          const { status, body } = answer(asked) ?? {
            status: 404,
            body: { code: 'route_unknown', message: `nothing at ${asked.path}`, remedy: '' },
          };
          response.writeHead(status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
        });
      }),
    );
    await new Promise<void>((done) => service.#server.listen(0, '127.0.0.1', done));
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  get lastBody(): unknown {
    return JSON.parse(this.asked.at(-1)?.body ?? 'null');
  }

  stop(): Promise<unknown> {
    return new Promise((done) => this.#server.close(done));
  }
}

/** An account of which only what is of interest is said. */
export function accountOf(part: Partial<Account>): Account {
  const { matched = 0, notMatched = 0, unknown = 0 } = part;
  const total = matched + notMatched + unknown;
  return { total, matched, notMatched, unknown, matchedThoughUnknown: 0, missing: 0, otherType: [], ...part };
}

/** What a command printed, and how it ended. */
export interface Printed {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Settings of {@link call}. */
export interface CallOptions {
  readonly url?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly terminal?: boolean;
}

/** Calls a command in this process, on streams of its own. */
export async function call(name: string, argv: readonly string[], options: CallOptions = {}): Promise<Printed> {
  const printed = { stdout: '', stderr: '' };
  const output = (stream: 'stdout' | 'stderr') => ({
    isTTY: options.terminal === true,
    write: (text: string) => {
      printed[stream] += text;
      return true;
    },
  });
  const stdin = Object.assign(new PassThrough(), { isTTY: options.terminal === true });
  if (options.input !== undefined) stdin.end(options.input);
  const status = await runCommand(name, argv, {
    stdin,
    stdout: output('stdout'),
    stderr: output('stderr'),
    env: {
      HOME: '/nonexistent',
      ...(options.url === undefined ? {} : { MUSTER_CLIENT_URL: options.url }),
      ...options.env,
    },
    clock: { nowMs: () => 1_789_000_000_000 },
    drained: () => Promise.resolve(),
  });
  return { status, ...printed };
}
