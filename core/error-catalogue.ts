/** How one error code is translated at the edges: HTTP status, exit status of a command, and what to do about it. */
export interface CatalogueEntry {
  readonly http: number;
  /** Exit status of a command that ends by it (64 wrong usage, 65 bad data, 66 unreadable file, 69 service unreachable, 77 not allowed, 70 our fault). */
  readonly exit: number;
  readonly meaning: string;
  readonly remedy: string;
}

const entry = (http: number, exit: number, meaning: string, remedy: string): CatalogueEntry => ({
  http,
  exit,
  meaning,
  remedy,
});

/** Every error code of Muster. A code is never reused for something else; docs/errors.md is made from this table. */
export const errorCatalogue = {
  // What came is not what it should be.
  message_truncated: entry(
    400,
    65,
    'A message ends before it is whole',
    'Send the whole message; check the network between sender and registry',
  ),
  message_too_large: entry(
    413,
    65,
    'A message is over 1 MiB',
    'Send fewer or smaller facts; see facts.redact and the limits page',
  ),
  message_malformed: entry(
    400,
    65,
    'A message is not what its format says',
    'Send the format named in docs/wire-format.md',
  ),
  message_not_utf8: entry(400, 65, 'A text holds bytes that are not UTF-8', 'Send UTF-8; look at the fact named'),
  message_expired: entry(
    400,
    65,
    'A message is older than its time to live',
    'Check the sender’s clock and the age of the queue',
  ),
  message_from_future: entry(400, 65, 'A message is dated in the future', 'Set the sender’s clock'),
  message_replayed: entry(
    409,
    65,
    'A message is older than the newest of its sender',
    'Nothing, if a queue delivered late; otherwise somebody replays old messages',
  ),
  signature_invalid: entry(
    401,
    77,
    'A signature does not fit the message',
    'Check that sender and registry hold the same key; muster node rebind if the host was rebuilt',
  ),
  sender_unknown: entry(403, 77, 'The sender’s key is not enrolled', 'Approve it: muster node approve IDENTITY'),
  sender_pending: entry(403, 77, 'The sender’s key waits for approval', 'Approve it: muster node approve IDENTITY'),
  provider_not_accepted: entry(
    403,
    77,
    'The security provider of a message is not accepted here',
    'Add it to security.accept if you trust what it proves',
  ),
  identity_invalid: entry(400, 65, 'An identity is not one', 'Use 1 to 253 of A-Z a-z 0-9 . _ - and not localhost'),
  identity_owned: entry(
    409,
    77,
    'The identity belongs to another key',
    'If the host was rebuilt: muster node rebind IDENTITY',
  ),
  identity_retired: entry(409, 77, 'The identity is retired', 'To take it back: muster node approve IDENTITY'),
  identity_unknown: entry(404, 1, 'No node has this identity', 'List the nodes: muster find'),
  registration_invalid: entry(400, 65, 'A registration breaks its schema', 'Send what docs/registration.md describes'),
  registration_too_deep: entry(
    400,
    65,
    'Facts are nested deeper than 32 levels',
    'Flatten or leave out the fact named',
  ),
  registration_too_many_leaves: entry(
    400,
    65,
    'A registration has more than 20,000 values',
    'Leave out the fact named; it holds most of them',
  ),
  not_for_this_token: entry(
    403,
    77,
    'The token may not write this identity',
    'Use a token made for it: muster token add --role register --identity PATTERN',
  ),
  batch_refused: entry(422, 65, 'Some of the registrations sent were refused', 'See the reasons beside each'),
  // Questions.
  query_syntax: entry(400, 64, 'A query cannot be read', 'See docs/query-language.md'),
  query_operator_refused: entry(
    400,
    64,
    'A query uses an operator that is not allowed',
    'Use the operators of docs/query-language.md',
  ),
  query_invalid: entry(400, 64, 'An operator of a query got a value it cannot take', 'See docs/query-language.md'),
  query_too_large: entry(
    400,
    64,
    'A query has too many conditions or is nested too deep',
    'Ask in fewer conditions; use $in for lists',
  ),
  query_too_slow: entry(
    503,
    69,
    'A query took longer than the service gives one query',
    'Ask in fewer conditions, and in fewer regular expressions on facts that differ on every node',
  ),
  query_regex_invalid: entry(
    400,
    64,
    'A regular expression cannot be used',
    'Use RE2 syntax: no look-around, no back references',
  ),
  fact_path_invalid: entry(
    400,
    64,
    'A fact path cannot be read',
    'Write os.name, or quote a part that holds a dot: interfaces."eth0.100".ip',
  ),
  cursor_invalid: entry(400, 64, 'A cursor is not one of this service', 'Start again without after'),
  argument_invalid: entry(
    400,
    64,
    'An argument is missing or out of range',
    'See the help of the command or the API page',
  ),
  graphql_invalid: entry(400, 64, 'A GraphQL document is not valid for the schema', 'See the schema at /graphql'),
  graphql_too_deep: entry(
    400,
    64,
    'A GraphQL document is nested too deep or asks too much at once',
    'Ask in smaller documents',
  ),
  // Who may.
  token_missing: entry(
    401,
    77,
    'A token is needed and none came',
    'Name a token file in client.tokenFile, or run it as the user of muster serve, who may read admin.token; over HTTP send Authorization: Bearer TOKEN',
  ),
  token_invalid: entry(401, 77, 'The token is not known', 'Make one: muster token add'),
  token_forbidden: entry(403, 77, 'The token’s role does not allow this', 'Use a token with the role named'),
  host_refused: entry(
    421,
    77,
    'The Host header names another host',
    'Ask by the address that http.listen names, or add it to http.hosts',
  ),
  origin_refused: entry(403, 77, 'A page of another origin asks', 'Call from the same origin or without a browser'),
  content_type_refused: entry(
    415,
    64,
    'Only JSON and NDJSON bodies are taken',
    'Send content-type application/json or application/x-ndjson',
  ),
  request_too_large: entry(
    413,
    65,
    'A request body is too large',
    'Send less at once; registrations can be streamed as NDJSON',
  ),
  request_timeout: entry(408, 69, 'A request took too long to arrive', 'Send faster or in smaller parts'),
  route_unknown: entry(404, 64, 'There is nothing at this address', 'See docs/api.md'),
  overloaded: entry(503, 69, 'The service has more work than it may queue', 'Try again after the time in Retry-After'),
  shutting_down: entry(503, 69, 'The service is stopping', 'Try again'),
  not_ready: entry(503, 69, 'The service is still loading', 'Wait for /readyz'),
  // The broker.
  frame_malformed: entry(400, 65, 'A STOMP frame cannot be read', 'Speak STOMP 1.0, 1.1 or 1.2'),
  frame_too_large: entry(413, 65, 'A STOMP frame is over its bound', 'Send smaller messages'),
  broker_refused: entry(403, 77, 'The broker does not allow this', 'Log in with a user or key that may'),
  broker_unreachable: entry(
    502,
    69,
    'The broker cannot be reached',
    'Check broker in the configuration, and that it runs',
  ),
  broker_too_busy: entry(
    503,
    69,
    'A connection or queue of the broker is at its bound',
    'Read faster, or raise the bound',
  ),
  selector_invalid: entry(400, 64, 'A STOMP selector cannot be read', 'Use the selectors of docs/broker.md'),
  // The store.
  store_unavailable: entry(
    503,
    69,
    'The node store does not answer',
    'Check the store; writes are tried again by their senders',
  ),
  store_full: entry(507, 69, 'The disk of the node store is full', 'Make room; writes go on by themselves'),
  store_corrupt: entry(
    500,
    70,
    'The node store cannot be read',
    'Restore a backup, or move the directory away: nodes register again',
  ),
  feed_position_lost: entry(
    500,
    70,
    'A place in the change feed is not there any more',
    'Nothing: the follower reads the store again',
  ),
  deadletter_unknown: entry(404, 1, 'No dead letter has this id', 'List them: muster deadletter list'),
  token_unknown: entry(404, 1, 'No token has this name', 'List them: muster token list'),
  store_locked: entry(
    500,
    69,
    'Another process uses the embedded store',
    'Stop the other muster serve, or give this one its own store.embedded.path',
  ),
  // This process and its configuration.
  config_invalid: entry(
    500,
    78,
    'The configuration has faults',
    'Mend the keys named; docs/configuration.md lists them all',
  ),
  config_unreadable: entry(500, 78, 'A file of the configuration cannot be read', 'Check path and permissions'),
  key_unreadable: entry(
    500,
    78,
    'A key or secret file cannot be used',
    'Check the file; it must be readable by this user only',
  ),
  address_in_use: entry(
    500,
    69,
    'The address to listen on is taken',
    'Stop the other process or choose another address',
  ),
  data_dir_unusable: entry(
    500,
    78,
    'The data directory cannot be written',
    'Give it to this user, or name another: dataDir, MUSTER_DATA_DIR',
  ),
  usage: entry(400, 64, 'The command was called wrongly', 'See --help'),
  service_unreachable: entry(
    502,
    69,
    'The service cannot be reached',
    'Start it: npm start or muster serve; or set client.url',
  ),
  service_timeout: entry(
    504,
    69,
    'The service did not answer in time',
    'Raise client.timeout, or look at the service’s log',
  ),
  fact_source_failed: entry(500, 70, 'A fact source failed or took too long', 'Run it by hand; see the log line'),
  several_nodes: entry(
    409,
    2,
    'Several nodes match and one is needed',
    'Ask for more, until one is left; on a terminal up to 200 can be chosen from',
  ),
  no_node: entry(404, 1, 'No node matches', 'Ask for less: muster find'),
  program_missing: entry(500, 69, 'A program that is needed is not installed', 'Install it, or mend PATH'),
  file_unreadable: entry(400, 66, 'A file named on the command line cannot be read', 'Check path and permissions'),
  internal_error: entry(500, 70, 'Something happened that should not', 'Report it with the log line'),
} as const satisfies Record<string, CatalogueEntry>;

/** The stable code of an error. */
export type ErrorCode = keyof typeof errorCatalogue;
