import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import mercurius from 'mercurius';
import { type Static, Type } from 'typebox';
import { type Logger, shownValue } from '../../../core/index.ts';
import { errorHeaders, logError, shownError } from '../error-answers.ts';
import { ServiceError } from '../service-error.ts';
import { graphqlLimits } from '../service-limits.ts';
import { type MeasuredDocument, measureDocument } from './document-limits.ts';
import { errorBehind, errorsWithin, graphqlError, type ShownGraphqlError, statusOf } from './graphql-errors.ts';
import { createFactsLoader, type NodeContext } from './node-parent.ts';
import { createResolvers, type ResolverParts } from './resolvers.ts';
import { GRAPHQL_SCHEMA } from './schema.ts';

/*
 * GraphQL by mercurius, compiled (`jit: 1`: from the second time a document comes). The route is ours, not mercurius':
 * one document a request, POST with a JSON body only, bounded before anything else sees it.
 */

const bodySchema = Type.Object(
  {
    query: Type.String({ minLength: 1 }),
    variables: Type.Optional(Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()])),
    operationName: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    extensions: Type.Optional(Type.Unknown()),
  },
  { additionalProperties: false },
);

type GraphqlBody = Static<typeof bodySchema>;

/** What the GraphQL routes need. */
export interface GraphqlParts extends ResolverParts {
  readonly logger: Logger;
}

/** POST /graphql answers questions, GET /graphql gives the schema as text. */
export async function addGraphql(app: FastifyInstance, parts: GraphqlParts): Promise<void> {
  await app.register(mercurius, {
    schema: GRAPHQL_SCHEMA,
    resolvers: createResolvers(parts) as never,
    routes: false,
    jit: 1,
    cache: graphqlLimits.documentsKept,
    errorFormatter: ((execution: unknown) => ({ statusCode: 200, response: execution })) as never,
  });
  app.setErrorHandler((thrown, request, reply) => {
    const error = shownError(thrown);
    logError(error, request, parts.logger);
    errorHeaders(error, reply);
    return send(reply, null, [graphqlError(error, request.id)], statusOf(null, error));
  });
  const measured = createMeasuredCache();
  app.post<{ Body: GraphqlBody }>(
    '/graphql',
    { config: { role: 'read' }, schema: { body: bodySchema }, preValidation: refuseBatch },
    async (request, reply) => {
      const { query, operationName } = request.body;
      const variables = request.body.variables ?? {};
      measured(query).checkValues(operationName ?? undefined, variables);
      return answer(app, parts, { query, variables, operationName: operationName ?? undefined }, request, reply);
    },
  );
  app.get('/graphql', { config: { role: 'read' } }, async (request, reply) => {
    if (Object.keys(request.query as object).length > 0) {
      throw new ServiceError('argument_invalid', 'GraphQL is asked by POST with a JSON body; GET gives the schema', {
        field: Object.keys(request.query as object)[0] as string,
      });
    }
    return reply.header('content-type', 'text/plain; charset=utf-8').send(GRAPHQL_SCHEMA);
  });
}

async function refuseBatch(request: FastifyRequest): Promise<void> {
  if (Array.isArray(request.body)) {
    throw new ServiceError('argument_invalid', `The body is a list, one document a request was expected`, {
      field: 'body',
      value: shownValue(request.body.length),
    });
  }
}

/** Documents come again and again: what they measure is kept for as many as are kept compiled. */
function createMeasuredCache(): (text: string) => MeasuredDocument {
  const kept = new Map<string, MeasuredDocument>();
  return (text) => {
    let measured = kept.get(text);
    if (measured === undefined) {
      measured = measureDocument(text);
      if (kept.size >= graphqlLimits.documentsKept) kept.delete(kept.keys().next().value as string);
      kept.set(text, measured);
    }
    return measured;
  };
}

interface Operation {
  readonly query: string;
  readonly variables: Record<string, unknown>;
  readonly operationName: string | undefined;
}

async function answer(
  app: FastifyInstance,
  parts: GraphqlParts,
  operation: Operation,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { query, variables, operationName } = operation;
  const context: NodeContext = { loadFacts: createFactsLoader(parts.engine) };
  // Compiled documents are kept by their text alone, whichever operation was meant: so its name becomes part of the text.
  const source = operationName === undefined ? query : `#${operationName.replace(/[^\w]/g, ' ')}\n${query}`;
  try {
    const execution = await app.graphql(source, context as never, variables, operationName as string);
    if (execution.errors === undefined) return send(reply, execution.data ?? null, undefined, 200);
    return answerErrors(execution.data ?? null, execution.errors, parts, request, reply);
  } catch (thrown) {
    const errors = errorsWithin(thrown);
    if (errors === undefined) throw thrown;
    return answerErrors(null, errors, parts, request, reply);
  }
}

function answerErrors(
  data: unknown,
  errors: readonly Parameters<typeof errorBehind>[0][],
  parts: GraphqlParts,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const behind = errors.map(errorBehind);
  for (const error of new Set(behind)) logError(error, request, parts.logger);
  if (data === null && behind[0] !== undefined) errorHeaders(behind[0], reply);
  const shown = errors.map((error, i) => graphqlError(behind[i] ?? errorBehind(error), request.id, error));
  return send(reply, data, shown, statusOf(data, behind[0]));
}

function send(
  reply: FastifyReply,
  data: unknown,
  errors: readonly ShownGraphqlError[] | undefined,
  status: number,
): FastifyReply {
  const body = errors === undefined ? { data } : { data, errors };
  return reply.code(status).header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(body));
}
