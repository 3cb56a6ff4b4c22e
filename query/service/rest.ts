import type { FastifyInstance, FastifyReply } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';
import { NODE_STATES, parseIdentity, parseNodeStates, shownPath } from '../../core/index.ts';
import type { Facet, QueryEngine } from '../answers.ts';
import { identityOfCursor } from './cursor.ts';
import type { ServiceMetrics } from './metrics.ts';
import { documentPageJson, pageJson, shownDocument } from './node-answers.ts';
import { type NodeField, nodeFields, nodePath, splitFields, tooMany } from './node-fields.ts';
import type { QuestionReader, QuestionText } from './questions.ts';
import { ServiceError } from './service-error.ts';
import { serviceLimits } from './service-limits.ts';

/*
 * The REST questions. GET takes its arguments from the address, POST /v1/query/... the same ones from a JSON body, for
 * questions longer than an address may be. docs/api.md describes both.
 */

const text = (description: string) => Type.Optional(Type.String({ description }));
const texts = (description: string) => Type.Optional(Type.Array(Type.String(), { description }));

const question = {
  filter: texts('Facts and classes mixed, as -W takes them'),
  fact: texts('One fact comparison each, as -F takes them'),
  class: texts('One class or /regex/ each, as -C takes them'),
  agent: texts('One agent or /regex/ each, as -A takes them'),
  identity: texts('One identity or /regex/ each, as -I takes them; any may hold'),
  select: text('A compound filter, as -S takes it'),
  collective: text('A collective, as -T takes it'),
};

const page = {
  fields: texts('Fields of each node; `*` for whole documents'),
  limit: Type.Optional(Type.Integer({ minimum: 0, maximum: serviceLimits.pageMax })),
  after: text('The `next` of the page before'),
  requireKnown: Type.Optional(Type.Boolean()),
  state: Type.Optional(
    Type.Array(Type.String({ maxLength: serviceLimits.stateTextMax }), {
      maxItems: NODE_STATES.length,
      description: 'States of the nodes to give; missing and retired ones come only where asked for',
    }),
  ),
};

const facets = {
  path: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: serviceLimits.facetValuesMax })),
};

const closed = <P extends Record<string, TSchema>>(properties: P) =>
  Type.Object(properties, { additionalProperties: false });

const nodesInAddress = closed({ query: text('A query document as text'), ...question, ...page });
const nodesInBody = closed({ query: Type.Optional(Type.Unknown()), ...question, ...page });
const facetsInAddress = closed({ query: text('A query document as text'), ...question, ...facets });
const facetsInBody = closed({ query: Type.Optional(Type.Unknown()), ...question, ...facets });

type NodesQuestion = Static<typeof nodesInBody>;
type FacetsQuestion = Static<typeof facetsInBody>;

/** What the REST routes need. */
export interface RestParts {
  readonly engine: QueryEngine;
  readonly read: QuestionReader;
  readonly metrics: ServiceMetrics;
}

/** GET /v1/nodes, /v1/nodes/:identity and /v1/facets, POST /v1/query/nodes and /v1/query/facets. */
export function addRest(app: FastifyInstance, parts: RestParts): void {
  const config = { role: 'read' } as const;
  const fieldsOf = fieldReader();
  app.get<{ Querystring: NodesQuestion }>(
    '/v1/nodes',
    { config, schema: { querystring: nodesInAddress } },
    (request, reply) => answerNodes(parts, fieldsOf, request.query, reply),
  );
  app.post<{ Body: NodesQuestion }>('/v1/query/nodes', { config, schema: { body: nodesInBody } }, (request, reply) =>
    answerNodes(parts, fieldsOf, request.body, reply),
  );
  app.get<{ Params: { identity: string } }>('/v1/nodes/:identity', { config }, (request, reply) =>
    answerNode(parts, request.params.identity, reply),
  );
  app.get<{ Querystring: FacetsQuestion }>(
    '/v1/facets',
    { config, schema: { querystring: facetsInAddress } },
    (request, reply) => answerFacets(parts, request.query, reply),
  );
  app.post<{ Body: FacetsQuestion }>('/v1/query/facets', { config, schema: { body: facetsInBody } }, (request, reply) =>
    answerFacets(parts, request.body, reply),
  );
}

const DEFAULT_FIELDS = nodeFields(['identity', 'lastseen', 'age', 'state']);

type Fields = readonly NodeField[] | 'documents';

/** Reads lists of fields; the same list comes with each question of one program, so a few are kept. */
function fieldReader(): (lists: readonly string[] | undefined) => Fields {
  const kept = new Map<string, Fields>();
  return (lists) => {
    if (lists === undefined) return DEFAULT_FIELDS;
    const key = lists.join('\n');
    const found = kept.get(key);
    if (found !== undefined) return found;
    const names = lists.flatMap(splitFields);
    const fields = names.includes('*') ? 'documents' : nodeFields([...new Set(names)]);
    if (key.length <= serviceLimits.parsedQueryTextMax) {
      if (kept.size >= serviceLimits.fieldsMax) kept.clear();
      kept.set(key, fields);
    }
    return fields;
  };
}

async function answerNodes(
  parts: RestParts,
  fieldsOf: (lists: readonly string[] | undefined) => Fields,
  asked: NodesQuestion,
  reply: FastifyReply,
): Promise<FastifyReply> {
  checkReady(parts.engine);
  const fields = fieldsOf(asked.fields);
  const query = parts.read(asked as QuestionText);
  const after = asked.after === undefined || asked.after === '' ? undefined : identityOfCursor(asked.after);
  const start = performance.now();
  const answer = await parts.engine.answer(query, {
    first: asked.limit ?? serviceLimits.pageDefault,
    after,
    requireKnown: asked.requireKnown ?? false,
    states: asked.state === undefined ? undefined : parseNodeStates(asked.state),
  });
  parts.metrics.question('rest', 'nodes', (performance.now() - start) / 1000);
  const body = fields === 'documents' ? await documentPageJson(answer, parts.engine) : pageJson(answer, fields);
  return sendJson(reply, body);
}

async function answerNode(parts: RestParts, name: string, reply: FastifyReply): Promise<FastifyReply> {
  checkReady(parts.engine);
  const identity = parseIdentity(name);
  const row = parts.engine.row(identity);
  const document = row === undefined ? undefined : (await parts.engine.documents([row.identity]))[0];
  if (row === undefined || document === undefined) {
    throw new ServiceError('identity_unknown', `No node is called ${identity}`, { field: 'identity', identity });
  }
  return sendJson(reply, JSON.stringify(shownDocument(document, row)));
}

async function answerFacets(parts: RestParts, asked: FacetsQuestion, reply: FastifyReply): Promise<FastifyReply> {
  checkReady(parts.engine);
  const paths = asked.path;
  if (paths.length > serviceLimits.facetPathsMax) tooMany('path', paths.length, serviceLimits.facetPathsMax);
  const fieldPaths = paths.map((path) => nodePath(path, 'path'));
  const query = parts.read(asked as QuestionText);
  const start = performance.now();
  const { facets: found, account } = await parts.engine.facets(
    query,
    fieldPaths,
    asked.limit ?? serviceLimits.facetValuesDefault,
  );
  parts.metrics.question('rest', 'facets', (performance.now() - start) / 1000);
  return sendJson(reply, JSON.stringify({ facets: found.map(shownFacet), account }));
}

/** A facet as it is sent: its path as people write it. */
export function shownFacet(facet: Facet) {
  const { path, values, distinct, absent } = facet;
  return { path: shownPath(path), values, distinct, absent };
}

/** Refuses questions until the columns are loaded: half of the nodes is not an answer. */
export function checkReady(engine: QueryEngine): void {
  if (!engine.ready) throw new ServiceError('not_ready', 'The columns are still being loaded');
}

function sendJson(reply: FastifyReply, body: string): FastifyReply {
  return reply.header('content-type', 'application/json; charset=utf-8').send(body);
}
