import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { type Caller, errorCatalogue, MusterError } from '../../../core/index.ts';
import { adminRoutes, createTokens, type Registry, registrationRoutes, type Tokens } from '../../../registry/index.ts';
import type { RegistryUnderTest } from '../registry-for-test.ts';

export const ADMIN_TOKEN = 'A'.repeat(43);

/** The routes of the registry on a port of their own, callers found by their tokens as the service does. */
export interface ServerUnderTest {
  readonly app: FastifyInstance;
  readonly port: number;
  readonly tokens: Tokens;
}

/** What was answered. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

export async function serve(
  { store, clock }: RegistryUnderTest,
  registry: Pick<Registry, keyof Registry>,
): Promise<ServerUnderTest> {
  const tokens = createTokens({ records: store.records, clock, adminToken: ADMIN_TOKEN });
  const callers = new WeakMap<FastifyRequest, Caller>();
  const callerOf = (asked: FastifyRequest) => callers.get(asked);
  const app = fastify();
  app.addHook('onRequest', async (asked) => {
    const token = asked.headers.authorization?.replace(/^Bearer /, '') ?? '';
    const caller = await tokens.verify(token);
    if (caller !== undefined) callers.set(asked, caller);
  });
  app.setErrorHandler((error, _asked, reply) => {
    if (!(error instanceof MusterError)) throw error;
    reply.code(errorCatalogue[error.code].http).send(error.toJSON());
  });
  await app.register(registrationRoutes({ registry, callerOf }));
  await app.register(adminRoutes({ registry, tokens, callerOf }));
  await app.listen({ host: '127.0.0.1', port: 0 });
  return { app, port: (app.server.address() as AddressInfo).port, tokens };
}

/** A request whose body the test writes by itself. */
export function begin(
  { port }: ServerUnderTest,
  options: RequestOptions,
): { readonly sent: ReturnType<typeof request>; readonly answer: Promise<Answer> } {
  const sent = request({ host: '127.0.0.1', port, ...options });
  const answer = new Promise<Answer>((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text === '' ? undefined : JSON.parse(text),
        }),
      );
    });
  });
  return { sent, answer };
}

export async function ask(
  server: ServerUnderTest,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const { sent, answer } = begin(server, {
    method,
    path,
    headers: {
      authorization: `Bearer ${ADMIN_TOKEN}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
  });
  if (body === undefined) sent.end();
  else sent.end(typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body));
  return answer;
}

export const NDJSON = { 'content-type': 'application/x-ndjson' };
