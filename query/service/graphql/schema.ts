/** The GraphQL schema in its own language; GET /graphql gives it, a test pins it. */
export const GRAPHQL_SCHEMA = `"""
Any JSON value. A query document needs operator names such as "$gt", which GraphQL's own object syntax cannot write:
pass it as a variable, or write the document's relaxed text as a string.
"""
scalar JSON

type Query {
  "One node whatever its state, retired too; null where nobody has this identity."
  node(identity: String!): Node

  "The nodes that match, in the order of identity. All the ways to say which must hold."
  nodes(
    "A MongoDB query document as an object, or its text: {'facts.customer': 'acme', classes: 'mysql::master'}"
    query: JSON
    "As -W takes it: environment=development mysql::master"
    filter: String
    "As -F takes them, each must hold: os.name=Debian"
    fact: [String!]
    "As -C takes them, each must hold"
    class: [String!]
    "As -A takes them, each must hold"
    agent: [String!]
    "As -I takes them, any may hold"
    identity: [String!]
    "As -S takes it: os.name=Debian and not apache"
    select: String
    "As -T takes it"
    collective: String
    "Nodes on this page, 0 to 1000; 0 for the account alone"
    first: Int = 100
    "The endCursor of the page before"
    after: String
    "Leave out what MongoDB's rule returns though a fact asked for is absent"
    requireKnown: Boolean = false
    "Only nodes in one of these states: the one way in which missing and retired nodes are given. The account stays."
    state: [NodeState!]
  ): NodeConnection!

  "How often each value of a path stands among the nodes that match."
  facets(
    "A fact (os.name) or a field of the document (classes); several at once, at most 20"
    path: [String!]!
    query: JSON
    filter: String
    fact: [String!]
    class: [String!]
    agent: [String!]
    identity: [String!]
    select: String
    collective: String
    "Values given for each path, 1 to 1000"
    limit: Int = 100
  ): Facets!
}

"A machine. Times are Unix seconds, durations seconds; Float, since Int ends in 2038."
type Node {
  identity: String!
  fqdn: String
  "The value of one fact, null where there is none: os.name, interfaces.\\"eth0.100\\".ip"
  fact(path: String!): JSON
  "The facts named, path to value, absent ones left out; without paths all facts of the node's document"
  facts(paths: [String!]): JSON!
  classes: [String!]!
  agents: [String!]!
  collectives: [String!]!
  "When it last registered, by the registry's clock"
  lastSeen: Float!
  firstSeen: Float
  "When its content last differed"
  changed: Float
  "Seconds since lastSeen"
  age: Float!
  state: NodeState!
  "The node's own registration interval"
  interval: Float
  source: Source
}

"fresh: seen within two of its own intervals; late; missing: silent longer than expireAfter; retired on purpose."
enum NodeState {
  fresh
  late
  missing
  retired
}

"How the last registration came and what it proved about its sender."
type Source {
  via: String
  callerid: String
  proof: String
  serializer: String
}

type NodeConnection {
  edges: [NodeEdge!]!
  nodes: [Node!]!
  pageInfo: PageInfo!
  "Nodes on all pages together"
  totalCount: Int!
  account: Account!
}

type NodeEdge {
  cursor: String!
  node: Node!
}

type PageInfo {
  hasNextPage: Boolean!
  hasPreviousPage: Boolean!
  startCursor: String
  endCursor: String
}

"What the answer says about all nodes: matched + notMatched + unknown = total. Retired nodes are in none of them."
type Account {
  total: Int!
  matched: Int!
  notMatched: Int!
  "Nodes of which it cannot be told: a fact asked for is absent, or the node is missing"
  unknown: Int!
  "Of matched: returned by MongoDB's rule though a fact asked for is absent"
  matchedThoughUnknown: Int!
  "Of unknown: nodes silent longer than expireAfter"
  missing: Int!
  "Conditions that met values of another type than they asked for"
  otherType: [OtherType!]!
}

type OtherType {
  path: String!
  operator: String!
  asked: String!
  met: [String!]!
  nodes: Int!
}

type Facets {
  facets: [Facet!]!
  account: Account!
}

type Facet {
  path: String!
  "Most frequent first"
  values: [FacetValue!]!
  "Different values in all, beyond the limit too"
  distinct: Int!
  "Matching nodes that have no such fact"
  absent: Int!
}

type FacetValue {
  value: JSON
  count: Int!
}
`;
