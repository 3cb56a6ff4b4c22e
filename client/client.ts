import { Agent } from 'node:http';
import type { Readable } from 'node:stream';
import type { Account, Json, JsonObject, NodeState } from '../core/index.ts';
import { errorOfAnswer } from './client-error.ts';
import { createTransport, type Transport, type TransportOptions } from './transport.ts';

/** Settings of {@link createClient}. */
export type ClientOptions = TransportOptions;

/** Which nodes are meant; all that are given must hold. */
export interface Question {
  /** A MongoDB query document, or its relaxed text. */
  readonly query?: JsonObject | string | undefined;
  /** As -W takes it. */
  readonly filter?: string | undefined;
  /** As -F, -C, -A, -I take them. */
  readonly fact?: readonly string[] | undefined;
  readonly class?: readonly string[] | undefined;
  readonly agent?: readonly string[] | undefined;
  readonly identity?: readonly string[] | undefined;
  /** As -S takes it. */
  readonly select?: string | undefined;
  /** As -T takes it. */
  readonly collective?: string | undefined;
}

/** A question for nodes. */
export interface NodesQuestion extends Question {
  /** Fields of each node (`identity`, `age`, `os.name`, ...), `['*']` for whole documents; identity, lastseen, age, state if not given. */
  readonly fields?: readonly string[] | undefined;
  /** Nodes a page, 0 to 1000; 100 if not given. */
  readonly limit?: number | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  readonly requireKnown?: boolean | undefined;
  /** Only nodes in one of these states; missing and retired ones come only where asked for. The account stays. */
  readonly state?: readonly NodeState[] | undefined;
}

/** One page of nodes. A node holds the fields asked for, by the names asked for; those it does not have are left out. */
export interface NodesPage {
  readonly nodes: readonly JsonObject[];
  /** To be given as `after`; null on the last page. */
  readonly next: string | null;
  /** Nodes on all pages together. */
  readonly totalCount: number;
  readonly account: Account;
}

/** A question for facets. */
export interface FacetsQuestion extends Question {
  /** Facts (`os.name`) or fields of the document (`classes`). */
  readonly path: readonly string[];
  /** Values for each path, 1 to 1000; 100 if not given. */
  readonly limit?: number | undefined;
}

/** How often each value stands among the nodes that match. */
export interface FacetsAnswer {
  readonly facets: readonly {
    readonly path: string;
    readonly values: readonly { readonly value: Json; readonly count: number }[];
    readonly distinct: number;
    readonly absent: number;
  }[];
  readonly account: Account;
}

/** What GraphQL answered; errors beside data are of single fields. */
export interface GraphqlAnswer {
  readonly data: JsonObject;
  readonly errors?: readonly { readonly message: string; readonly extensions: JsonObject }[];
}

/**
 * Asks one service. Every method throws ClientError: the service's own code and evidence, `service_unreachable`, or
 * `service_timeout`.
 */
export interface ServiceClient {
  nodes(question?: NodesQuestion): Promise<NodesPage>;
  /** Every matching node, page after page over one connection. */
  allNodes(question?: NodesQuestion): AsyncGenerator<JsonObject, Account>;
  /** One node's whole document, with age and state. `identity_unknown` where there is none. */
  node(identity: string): Promise<JsonObject>;
  facets(question: FacetsQuestion): Promise<FacetsAnswer>;
  /** Throws the first error where there is no data at all. */
  graphql(document: string, variables?: JsonObject, operationName?: string): Promise<GraphqlAnswer>;
  /** Sends registrations, one JSON document a line; gives what the service answered at the end. */
  importStream(lines: Readable, options?: { readonly gzip?: boolean }): Promise<Json>;
  /** Any other request with a JSON body, such as the administration routes. */
  admin(method: string, path: string, body?: Json): Promise<Json>;
}

/** Nodes a page where all are wanted: as many as the service gives. */
const ALL_PAGE = 1000;

/** Makes a client; opens nothing until asked. Throws ClientError `argument_invalid` for an url that is none. */
export function createClient(options: ClientOptions): ServiceClient {
  const exchange = createTransport(options);
  const post = async <T>(path: string, body: unknown, agent?: Agent): Promise<T> =>
    (await exchange({ method: 'POST', path, body, agent })).body as T;
  return {
    nodes: (question = {}) => post('/v1/query/nodes', question),
    allNodes: (question = {}) => allNodes(post, question, options.url),
    node: async (identity) => {
      const path = `/v1/nodes/${encodeURIComponent(identity)}`;
      return (await exchange({ method: 'GET', path })).body as JsonObject;
    },
    facets: (question) => post('/v1/query/facets', question),
    graphql: (document, variables, operationName) =>
      askGraphql(exchange, options.url, document, variables, operationName),
    importStream: (lines, { gzip = false } = {}) => sendLines(exchange, lines, gzip),
    admin: async (method, path, body) => (await exchange({ method, path, body })).body as Json,
  };
}

async function* allNodes(
  post: <T>(path: string, body: unknown, agent?: Agent) => Promise<T>,
  question: NodesQuestion,
  url: string,
): AsyncGenerator<JsonObject, Account> {
  // One connection for all pages; TLS connections are as cheap to open anew as they are rare here.
  const agent = url.startsWith('https:') ? undefined : new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    let { after } = question;
    for (;;) {
      const page: NodesPage = await post('/v1/query/nodes', { limit: ALL_PAGE, ...question, after }, agent);
      yield* page.nodes;
      if (page.next === null) return page.account;
      after = page.next;
    }
  } finally {
    agent?.destroy();
  }
}

async function askGraphql(
  exchange: Transport,
  url: string,
  query: string,
  variables: JsonObject | undefined,
  operationName: string | undefined,
): Promise<GraphqlAnswer> {
  const { status, body } = await exchange({
    method: 'POST',
    path: '/graphql',
    body: { query, variables, operationName },
  });
  const answer = body as Partial<GraphqlAnswer> | undefined;
  if (answer?.data === null || answer?.data === undefined) throw errorOfAnswer(status, body, url);
  return answer as GraphqlAnswer;
}

async function sendLines(exchange: Transport, lines: Readable, gzip: boolean): Promise<Json> {
  const headers: Record<string, string> = { 'content-type': 'application/x-ndjson' };
  let readable = lines;
  if (gzip) {
    headers['content-encoding'] = 'gzip';
    const packed = (await import('node:zlib')).createGzip({ level: 1 });
    lines.on('error', (error) => packed.destroy(error));
    readable = lines.pipe(packed);
  }
  const answer = await exchange({ method: 'POST', path: '/v1/registrations', stream: { readable, headers } });
  return answer.body as Json;
}
