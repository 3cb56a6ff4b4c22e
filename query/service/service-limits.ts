/** Bounds of the HTTP service. Reaching one is answered by the error code named. */
export const serviceLimits = Object.freeze({
  /** Bytes of one JSON body. `request_too_large` */
  bodyBytesMax: 1024 * 1024,
  /** Bytes of all headers together, the address too. Node answers 431 */
  headerBytesMax: 16 * 1024,
  /** Open connections. Further ones are closed at once. */
  connectionsMax: 8192,
  /** Requests under way at once. `overloaded` */
  requestsMax: 2000,
  /** How long a connection may be without a byte in either direction, milliseconds; then it is closed. */
  silenceMs: 120_000,
  /** How long headers may take to arrive, milliseconds; never longer than http.bodyTimeout. `request_timeout` */
  headersTimeoutMs: 10_000,
  /** How long an idle connection is kept, milliseconds. */
  keepAliveMs: 72_000,
  /** How long a stop waits for requests under way, milliseconds; then their connections are closed. */
  stopTimeoutMs: 10_000,
  /** Requests that took longer are logged at info, milliseconds. */
  slowRequestMs: 1000,
  /** How long one readiness check may take, milliseconds. */
  readinessTimeoutMs: 2000,
  /** Nodes on one page. `argument_invalid` */
  pageMax: 1000,
  /** Nodes on one page where none is asked for. */
  pageDefault: 100,
  /** Whole documents put into one answer before other work gets its turn. */
  documentSlice: 50,
  /** Characters of the documents of one page: it ends with the one that goes beyond, and `next` leads on. */
  documentPageCharactersMax: 16 * 1024 * 1024,
  /** Fields of one REST question, fact paths of one GraphQL `facts`. `argument_invalid` */
  fieldsMax: 200,
  /** Characters of the field list or of one path. `argument_invalid` */
  fieldTextMax: 8192,
  /** Characters of one list of states. `argument_invalid` */
  stateTextMax: 64,
  /** Paths of one facets question. `argument_invalid` */
  facetPathsMax: 20,
  /** Values given for each path of a facets question. `argument_invalid` */
  facetValuesMax: 1000,
  /** Values given where none is asked for. */
  facetValuesDefault: 100,
  /** Parsed questions kept (parsed, never answered: there is no cache of results). */
  parsedQueriesMax: 2000,
  /** Characters of a question that is kept parsed; longer ones are parsed each time. */
  parsedQueryTextMax: 2048,
  /** Characters of a bearer token. `token_invalid` */
  tokenCharactersMax: 1024,
});

/** Bounds of one GraphQL document, all answered by `graphql_too_deep` but the first. */
export const graphqlLimits = Object.freeze({
  /** Characters of a document. `request_too_large` */
  documentCharactersMax: 64 * 1024,
  /** Lexical tokens of a document. */
  tokensMax: 3000,
  /** Levels of fields. */
  depthMax: 12,
  /** Levels of fields below `__schema` and `__type`, as the usual introspection query needs. */
  introspectionDepthMax: 16,
  /** Fields after fragments have been put in. */
  fieldsMax: 300,
  /** Fields of the query type: each is a question of its own. */
  rootFieldsMax: 20,
  /** Times one field may stand beside itself under other names. */
  aliasesMax: 50,
  /** Values that an answer may hold by its page sizes: nodes times fields, summed over all questions. */
  valuesMax: 50_000,
  /** What the whole facts of one node count as, in values. */
  wholeFactsValues: 20,
  /** Documents kept parsed and compiled. */
  documentsKept: 256,
});
