import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { request as requestHttp } from 'node:http';
import type { Readable } from 'node:stream';
import { ClientError, errorOfAnswer, timedOut, unreachable } from './client-error.ts';

/*
 * One request, one answer, over node:http. `fetch` would cost a command 90 ms before its first byte; TLS and gzip are
 * loaded where they are used.
 */

/** Bytes of an answer that a client reads; beyond, it asks for less. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;

/** Where and how to ask. */
export interface TransportOptions {
  /** `http://127.0.0.1:8420`; a path in it is put before every path. */
  readonly url: string;
  readonly token?: string | undefined;
  /** PEM text of the authority that signed the service's certificate. */
  readonly ca?: string | undefined;
  /** How long one answer may take, whole; for a stream how long it may be silent. */
  readonly timeoutMs: number;
}

/** One request. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it comes, instead of `body`. */
  readonly stream?: { readonly readable: Readable; readonly headers: Readonly<Record<string, string>> } | undefined;
  /** Keeps a connection over several requests; none is kept without. */
  readonly agent?: Agent | undefined;
}

/** An answer whose status is 2xx, its body read as JSON (undefined where there is none). */
export interface Exchanged {
  readonly status: number;
  readonly body: unknown;
}

/** Does requests against one service. */
export type Transport = (exchange: Exchange) => Promise<Exchanged>;

/**
 * Makes a transport. Errors: ClientError with the code that the service answered, `service_unreachable`,
 * `service_timeout`, `argument_invalid` for an url that is none.
 */
export function createTransport(options: TransportOptions): Transport {
  const base = parseUrl(options.url);
  return async (exchange) => {
    const request = base.protocol === 'https:' ? (await import('node:https')).request : requestHttp;
    const json = exchange.body === undefined ? undefined : JSON.stringify(exchange.body);
    const headers: Record<string, string> = { accept: 'application/json', ...exchange.stream?.headers };
    if (options.token !== undefined) headers.authorization = `Bearer ${options.token}`;
    if (json !== undefined) {
      headers['content-type'] = 'application/json';
      headers['content-length'] = String(Buffer.byteLength(json));
    }
    const how: RequestOptions & { ca?: string } = {
      method: exchange.method,
      protocol: base.protocol,
      hostname: base.hostname.replace(/^\[|\]$/g, ''),
      port: base.port,
      path: `${base.pathname.replace(/\/$/, '')}${exchange.path}`,
      headers,
      agent: exchange.agent ?? false,
      ...(options.ca === undefined ? {} : { ca: options.ca }),
    };
    return run(() => request(how), exchange.stream?.readable, json, options);
  };
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw new ClientError(
    'argument_invalid',
    `client.url is ${text}, an address such as http://127.0.0.1:8420 was expected`,
    {
      field: 'client.url',
      value: text,
    },
  );
}

function run(
  open: () => ClientRequest,
  stream: Readable | undefined,
  json: string | undefined,
  options: TransportOptions,
): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    const request = open();
    let answered = false;
    const timer = setTimeout(() => done(timedOut(options.url, options.timeoutMs)), options.timeoutMs);
    const done = (error: Error | undefined, value?: Exchanged): void => {
      clearTimeout(timer);
      stream?.off('error', done);
      if (error !== undefined) request.destroy();
      if (error === undefined && value !== undefined) resolve(value);
      else reject(error);
    };
    request.on('response', (response) => {
      answered = true;
      stream?.unpipe(request);
      readAnswer(response, options.url, () => timer.refresh()).then((value) => done(undefined, value), done);
    });
    // An answer may come before all was sent, refusing it; then the broken sending is no news.
    request.on('error', (error) => {
      if (!answered) done(unreachable(options.url, error));
    });
    if (stream === undefined) {
      request.end(json);
      return;
    }
    stream.on('error', done);
    stream.on('data', () => timer.refresh());
    stream.pipe(request);
    request.on('drain', () => timer.refresh());
  });
}

async function readAnswer(response: IncomingMessage, url: string, alive: () => void): Promise<Exchanged> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      alive();
      bytes += chunk.length;
      if (bytes > ANSWER_BYTES_MAX) {
        throw new ClientError('message_too_large', `The answer of ${url} is over ${ANSWER_BYTES_MAX} bytes`, {
          value: bytes,
          remedy: 'Ask for fewer nodes at once',
        });
      }
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof ClientError ? error : unreachable(url, error as Error);
  }
  const status = response.statusCode ?? 0;
  const body = parsed(Buffer.concat(chunks).toString('utf8'));
  if (status < 200 || status > 299 || body === NOT_JSON) throw errorOfAnswer(status, body, url);
  return { status, body };
}

const NOT_JSON = Symbol('not JSON');

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return NOT_JSON;
  }
}
