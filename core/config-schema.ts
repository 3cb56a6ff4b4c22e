import { type Static, type TSchema, Type } from 'typebox';
import { durationSchema } from './node-document.ts';

/*
 * The configuration: one schema from which validation, types, environment names and docs/configuration.md come. Every
 * key has a default that works on one machine. Secrets stand in files, never in here. The module exports data alone: the
 * build evaluates it once.
 */

const section = <P extends Record<string, TSchema>>(description: string, properties: P) =>
  Type.Object(properties, { additionalProperties: false, default: {}, description });

const text = (description: string, byDefault?: string) =>
  byDefault === undefined
    ? Type.String({ minLength: 1, description })
    : Type.String({ minLength: 1, default: byDefault, description });

const file = (description: string) => Type.Optional(text(description));

const list = (description: string, byDefault: readonly string[]) =>
  Type.Array(Type.String({ minLength: 1 }), { default: [...byDefault], description });

const tlsFiles = Type.Optional(
  Type.Object(
    {
      cert: text('PEM file of the certificate chain'),
      key: text('PEM file of the private key'),
      ca: file('PEM file of the authorities that client certificates must come from'),
    },
    { additionalProperties: false, description: 'TLS by files' },
  ),
);

/** The whole configuration. Unknown keys are faults. */
export const configSchema = Type.Object(
  {
    dataDir: Type.Optional(
      text('Where Muster keeps its data: /var/lib/muster as root, ~/.local/share/muster as a user, if not set'),
    ),
    http: section('The query service and HTTP registrations', {
      listen: text('Address and port', '127.0.0.1:8420'),
      hosts: list('Further host names that a Host header may carry', []),
      tls: tlsFiles,
      bodyTimeout: durationSchema('How long a request may take to arrive', '30s'),
    }),
    broker: section('Where registrations travel: the embedded STOMP broker, or brokers elsewhere', {
      embedded: Type.Union([Type.Literal(false), Type.String({ minLength: 1 })], {
        default: '127.0.0.1:6163',
        description: 'Address and port of the embedded broker, false for none',
      }),
      tls: tlsFiles,
      usersFile: file(
        'YAML file of the embedded broker’s users: name: { passwordHash, role: node | registry | client }',
      ),
      hosts: Type.Array(
        Type.Object(
          {
            host: text('Host name or address'),
            port: Type.Integer({ minimum: 1, maximum: 65_535, default: 6163 }),
            user: Type.Optional(text('User name')),
            passwordFile: file('File whose first line is the password'),
            tls: Type.Optional(
              Type.Object(
                {
                  ca: file('PEM file of the authorities to trust'),
                  cert: file('PEM file of our certificate'),
                  key: file('PEM file of our private key'),
                },
                { additionalProperties: false },
              ),
            ),
          },
          { additionalProperties: false },
        ),
        {
          default: [],
          description: 'Brokers an agent connects to, in order of preference; empty for the embedded one',
        },
      ),
    }),
    collectives: list('Collectives, the main one first', ['mcollective']),
    security: section('Whose messages are taken', {
      accept: Type.Array(Type.Union([Type.Literal('ed25519')]), {
        default: ['ed25519'],
        description: 'Security providers whose messages are accepted',
      }),
      enrol: Type.Optional(
        Type.Union([Type.Literal('first-use'), Type.Literal('approve'), Type.Literal('join-token')], {
          description:
            'How a new key is taken; first-use where every listener is on loopback, approve otherwise, if not set',
        }),
      ),
      joinTokenFile: file('File with the join token: the registry requires it, the agent sends proof of it'),
      ttl: durationSchema(
        'How long a queued registration stays valid; longer than the longest outage to survive',
        '24h',
      ),
    }),
    store: section('Where node documents are kept', {
      embedded: section('The store that needs nothing installed', {
        path: file('Directory; store below dataDir if not set'),
        mapSizeMax: Type.Integer({
          minimum: 1,
          default: 64,
          description: 'Largest size of the store in GiB of address space',
        }),
      }),
    }),
    registration: section('How nodes describe themselves', {
      interval: durationSchema('Time between registrations of a node', '300s'),
      splay: durationSchema('Random part added before the first one and around each', '30s'),
      expireAfter: durationSchema('Silence after which a node is missing', '30d'),
      deadLettersMax: Type.Integer({
        minimum: 0,
        default: 1000,
        description: 'Refused messages kept for a look and a replay',
      }),
    }),
    facts: section('What becomes of facts', {
      volatile: list('Facts that move by themselves, beside the built-in list', []),
      redact: list('Facts an agent leaves out', []),
    }),
    agent: section('The agent on a node', {
      identity: text('Name of the node; auto: what hostname -f prints', 'auto'),
      factsFile: text('File of key=value facts', '/etc/facts.txt'),
      factsDir: text('Directory of facts as YAML, JSON, key=value or executables', '/etc/muster/facts.d'),
      classesFiles: list('Files of Puppet’s classes; the first that exists counts', [
        '/opt/puppetlabs/puppet/cache/state/classes.txt',
        '/var/lib/puppet/state/classes.txt',
        '/var/cache/puppet/state/classes.txt',
      ]),
      facter: Type.Union([Type.Literal(false), Type.String({ minLength: 1 })], {
        default: 'facter',
        description: 'Facter’s command, false to use our own collector alone',
      }),
      factTimeout: durationSchema('Time limit of one fact source', '10s'),
    }),
    client: section('How commands find the service', {
      url: text('Address of the service', 'http://127.0.0.1:8420'),
      tokenFile: file('File with a token; the local admin token in dataDir if not set'),
      ca: file('PEM file of the authority that signed the service’s certificate'),
      timeout: durationSchema('How long a command waits for an answer', '5s'),
    }),
    columns: section('The index that answers queries', {
      snapshotInterval: durationSchema('Time between snapshots for a quick start', '10m'),
      pathsMax: Type.Integer({
        minimum: 100,
        default: 20_000,
        description: 'Fact paths indexed; rarer ones are read from documents',
      }),
    }),
    log: section('What is logged', {
      level: Type.Union(
        [
          Type.Literal('trace'),
          Type.Literal('debug'),
          Type.Literal('info'),
          Type.Literal('warn'),
          Type.Literal('error'),
        ],
        { default: 'info', description: 'Least level that is logged' },
      ),
    }),
  },
  { $id: 'config', additionalProperties: false },
);

/** The configuration after validation, with every default filled in. */
export type Config = Static<typeof configSchema>;
