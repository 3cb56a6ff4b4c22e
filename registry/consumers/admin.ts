import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { type Caller, identityKey, isJsonObject, type JsonObject, parseIdentity, type Role } from '../../core/index.ts';
import { RegistryError } from '../errors.ts';
import type { Registry } from '../registry.ts';
import type { Tokens } from '../tokens.ts';
import { requireCaller } from './access.ts';

/** What {@link adminRoutes} works with. */
export interface AdminRoutesOptions {
  readonly registry: Pick<Registry, 'enrolment' | 'nodes' | 'deadLetters' | 'replay'>;
  readonly tokens: Tokens;
  /** Who a request was proven to come from. */
  readonly callerOf: (request: FastifyRequest) => Caller | undefined;
}

/** Records on one page of a list. */
const PAGE_MAX = 1000;
const PAGE_DEFAULT = 100;
/** Longer than any identity or id. */
const AFTER_CHARACTERS_MAX = 300;

/** The routes of `/v1/admin`: nodes and their keys, tokens, dead letters. All need role `admin`. */
export function adminRoutes(options: AdminRoutesOptions): FastifyPluginAsync {
  return async (app) => {
    app.addHook('onRequest', (request, _reply, done) => {
      try {
        requireCaller(options.callerOf(request), 'admin');
        done();
      } catch (error) {
        done(error as Error);
      }
    });
    await app.register(nodeRoutes(options));
    await app.register(tokenRoutes(options));
    await app.register(deadLetterRoutes(options));
  };
}

function nodeRoutes({ registry }: AdminRoutesOptions): FastifyPluginAsync {
  const { enrolment, nodes } = registry;
  return async (app) => {
    const lists = { pending: true, keys: false } as const;
    for (const [name, waitingOnly] of Object.entries(lists)) {
      app.get(`/v1/admin/nodes/${name}`, async (request) => {
        const { after, limit } = pageOf(request);
        return pageAnswer('keys', await enrolment.list({ after, limit: limit + 1, waitingOnly }), limit, (record) =>
          identityKey(record.identity),
        );
      });
    }
    app.post('/v1/admin/nodes/:identity/approve', async (request) => {
      return nodes.approve(identityOf(request), optionalText(bodyOf(request, ['fingerprint']), 'fingerprint'));
    });
    for (const act of ['retire', 'restore', 'rebind', 'forget'] as const) {
      app.post(`/v1/admin/nodes/:identity/${act}`, async (request) => {
        bodyOf(request);
        return nodes[act](identityOf(request));
      });
    }
  };
}

function tokenRoutes({ tokens }: AdminRoutesOptions): FastifyPluginAsync {
  return async (app) => {
    app.get('/v1/admin/tokens', async () => ({ tokens: await tokens.list() }));
    app.post('/v1/admin/tokens', async (request, reply) => {
      const body = bodyOf(request, ['name', 'role', 'identityPattern']);
      const made = await tokens.add({
        name: text(body, 'name'),
        role: text(body, 'role') as Role,
        identityPattern: optionalText(body, 'identityPattern'),
      });
      return reply.code(201).send(made);
    });
    app.delete('/v1/admin/tokens/:name', async (request, reply) => {
      const name = param(request, 'name');
      if (!(await tokens.remove(name))) {
        throw new RegistryError('token_unknown', `There is no token ${name}`, { field: 'name', value: name });
      }
      return reply.code(204).send();
    });
  };
}

function deadLetterRoutes({ registry }: AdminRoutesOptions): FastifyPluginAsync {
  const { deadLetters } = registry;
  return async (app) => {
    app.get('/v1/admin/deadletters', async (request) => {
      const { after, limit } = pageOf(request);
      const letters = await deadLetters.list({ after, limit: limit + 1 });
      return { ...pageAnswer('deadLetters', letters, limit, (letter) => letter.id), ...deadLetters.counts };
    });
    app.get('/v1/admin/deadletters/:id', async (request) => {
      const id = param(request, 'id');
      return (await deadLetters.get(id)) ?? unknownLetter(id);
    });
    app.post('/v1/admin/deadletters/:id/replay', async (request) => {
      bodyOf(request);
      const outcome = await registry.replay(param(request, 'id'));
      if (outcome.kind === 'refused') throw outcome.error;
      return outcome;
    });
    app.delete('/v1/admin/deadletters/:id', async (request, reply) => {
      const id = param(request, 'id');
      if (!(await deadLetters.remove(id))) unknownLetter(id);
      return reply.code(204).send();
    });
  };
}

function unknownLetter(id: string): never {
  throw new RegistryError('deadletter_unknown', `There is no dead letter ${id}`, { field: 'id', value: id });
}

/** One page of a list of which one more than asked was read: `next` is what `after` takes to go on. */
function pageAnswer<T>(name: string, read: readonly T[], limit: number, keyOf: (one: T) => string): JsonObject {
  const page = read.slice(0, limit);
  const last = page.at(-1);
  return {
    [name]: page,
    next: read.length > limit && last !== undefined ? keyOf(last) : null,
  } as unknown as JsonObject;
}

function pageOf(request: FastifyRequest): { readonly after: string | undefined; readonly limit: number } {
  const query = request.query as Readonly<Record<string, unknown>>;
  const after = optionalText(query as JsonObject, 'after');
  if (after !== undefined && after.length > AFTER_CHARACTERS_MAX) throw invalid('after', 'it is no id');
  const given = query.limit;
  const limit = given === undefined ? PAGE_DEFAULT : Number(given);
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX) {
    throw invalid('limit', `a whole number from 1 to ${PAGE_MAX} was expected`);
  }
  return { after, limit };
}

function identityOf(request: FastifyRequest) {
  return parseIdentity(param(request, 'identity'));
}

function param(request: FastifyRequest, name: string): string {
  return (request.params as Readonly<Record<string, string>>)[name] ?? '';
}

/** The JSON object sent, empty where no body came. Unknown fields are wrong: a wish misspelt is not done silently. */
function bodyOf(request: FastifyRequest, known: readonly string[] = []): JsonObject {
  const body = request.body ?? {};
  if (!isJsonObject(body)) throw invalid('body', 'a JSON object was expected');
  for (const key of Object.keys(body)) if (!known.includes(key)) throw invalid(key, 'there is no such field');
  return body;
}

function text(body: JsonObject, field: string): string {
  const value = optionalText(body, field);
  if (value === undefined) throw invalid(field, 'it is missing');
  return value;
}

function optionalText(body: JsonObject, field: string): string | undefined {
  const value = Object.hasOwn(body, field) ? body[field] : undefined;
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(field, 'a text was expected');
  return value;
}

function invalid(field: string, why: string): RegistryError {
  return new RegistryError('argument_invalid', `${field}: ${why}`, { field });
}
