import { codeKeys, type Json, type JsonObject, type NodeDocument, shownPath, storedPath } from '../../../core/index.ts';
import { createRandom, type Random } from '../../random.ts';
import { disk, FACTS, few, scalar } from './generate-nodes.ts';

/*
 * Made-up queries that fit the made-up nodes. The same seed gives the same queries.
 */

export { generateNodes } from './generate-nodes.ts';

const PATHS: readonly (readonly string[])[] = [
  ...FACTS.flatMap(([path]) => [path, path, path]).map((path) => ['facts', ...path]),
  ['facts', 'os'],
  ['facts', 'os', 'release'],
  ['facts', 'disks', 'name'],
  ['facts', 'disks', 'name'],
  ['facts', 'disks', 'size'],
  ['facts', 'disks', 'size'],
  ['facts', 'disks', 'size'],
  ['facts', 'disks', 'parts'],
  ['facts', 'disks', 'meta', 'kind'],
  ['facts', 'disks', '0', 'size'],
  ['facts', 'disks', '1'],
  ['facts', 'tags', '0'],
  ['facts', 'tags', '1'],
  ['facts', 'tags', 'none'],
  ['facts', 'matrix', '0'],
  ['facts', 'matrix', '0', '1'],
  ['facts', 'shape', 'a'],
  ['facts', 'shape', '0'],
  ['facts', 'nowhere'],
  ['facts', 'customer', 'below'],
  ['facts', 'deep', 'a', 'b'],
  ['classes'],
  ['classes'],
  ['classes', '0'],
  ['agentlist'],
  ['identity'],
  ['lastseen'],
  ['interval'],
  ['source', 'proof'],
  ['retired'],
];

/** The operators that stand at a field, as the generator writes them. */
export const FIELD_OPERATORS = [
  '$eq',
  '$ne',
  '$gt',
  '$gte',
  '$lt',
  '$lte',
  '$in',
  '$nin',
  '$exists',
  '$type',
  '$regex',
  '$all',
  '$elemMatch',
  '$size',
  '$mod',
] as const;

/** Operators at paths where they have something to find. */
const FITTING: readonly (readonly [
  operator: (typeof FIELD_OPERATORS)[number],
  paths: readonly (readonly string[])[],
])[] = [
  ['$regex', [['facts', 'customer'], ['facts', 'os', 'name'], ['facts', 'mixed'], ['classes'], ['identity']]],
  ['$all', [['facts', 'tags'], ['classes'], ['agentlist']]],
  [
    '$elemMatch',
    [
      ['facts', 'disks'],
      ['facts', 'tags'],
    ],
  ],
  ['$size', [['facts', 'tags'], ['facts', 'disks'], ['classes']]],
  ['$mod', [['facts', 'cores'], ['facts', 'disks', 'size'], ['lastseen']]],
];

/** A made-up query in both its forms. */
export interface GeneratedQuery {
  /** As a user writes it: keys plain, paths quoted where they need it. */
  readonly written: JsonObject;
  /** The same as a server would get it: keys and paths coded. For mingo. */
  readonly stored: JsonObject;
  /** Every operator in it, as often as it stands there; `$not:$gt` for one inside `$not`, `implicit` for `path: value`. */
  readonly operators: readonly string[];
}

/** How keys are written; the same random choices give both forms. */
interface Form {
  readonly path: (path: readonly string[]) => string;
  readonly value: (value: Json) => Json;
}
const WRITTEN: Form = { path: (path) => shownPath(path), value: (value) => value };
const STORED: Form = { path: storedPath, value: codeKeys };

/** A query whose operands are taken from the documents as often as not, so that it finds some of them. */
export function generateQuery(random: Random, nodes: readonly NodeDocument[]): GeneratedQuery {
  const seed = random.below(2 ** 31);
  const operators: string[] = [];
  const written = new Writer(createRandom(seed), WRITTEN, nodes, operators).document(0);
  const stored = new Writer(createRandom(seed), STORED, nodes, []).document(0);
  return { written, stored, operators };
}

class Writer {
  readonly #random: Random;
  readonly #form: Form;
  readonly #nodes: readonly NodeDocument[];
  readonly #operators: string[];

  constructor(random: Random, form: Form, nodes: readonly NodeDocument[], operators: string[]) {
    this.#random = random;
    this.#form = form;
    this.#nodes = nodes;
    this.#operators = operators;
  }

  document(level: number): JsonObject {
    const random = this.#random;
    const result: Record<string, Json> = {};
    const count = random.chance(0.7) ? 1 : 2;
    for (let i = 0; i < count; i++) {
      if (level < 2 && random.chance(0.25)) {
        const join = random.pick(['$and', '$or', '$or', '$nor']);
        this.#operators.push(join);
        result[join] = Array.from({ length: 1 + random.below(3) }, () => this.document(level + 1));
      } else if (random.chance(0.2)) {
        const [operator, paths] = random.pick(FITTING);
        const path = random.pick(paths);
        const operators = this.#operator(operator, path);
        const negated = random.chance(0.3);
        if (negated) this.#operators.push('$not', `$not:${operator}`);
        result[this.#form.path(path)] = negated ? { $not: operators } : operators;
      } else {
        const path = random.pick(PATHS);
        result[this.#form.path(path)] = this.#condition(path);
      }
    }
    return result;
  }

  #condition(path: readonly string[]): Json {
    const random = this.#random;
    if (random.chance(0.12)) {
      this.#operators.push('implicit');
      return this.#bare(path);
    }
    if (random.chance(0.3)) {
      const operator = random.pick(FIELD_OPERATORS);
      this.#operators.push('$not', `$not:${operator}`);
      return { $not: this.#operator(operator, path) };
    }
    const first = this.#operator(random.pick(FIELD_OPERATORS), path);
    if (!random.chance(0.15)) return first;
    return { ...first, ...this.#operator(random.pick(FIELD_OPERATORS), path) };
  }

  /** A value without an operator: never an object whose first key would read as one. */
  #bare(path: readonly string[]): Json {
    const value = this.#value(path);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject && Object.keys(value).some((key) => key.startsWith('$') || key.startsWith('%24')) ? 'acme' : value;
  }

  /** A value met at the path in some document, or any other. */
  #value(path: readonly string[]): Json {
    const random = this.#random;
    if (random.chance(0.75)) {
      const known = FACTS.find(([fact]) => path[0] === 'facts' && fact.every((segment, i) => path[i + 1] === segment));
      if (known !== undefined && path.length === known[0].length + 1) {
        const value = known[2](random);
        return this.#form.value(
          Array.isArray(value) && value.length > 0 && random.chance(0.8) ? (value[0] as Json) : value,
        );
      }
      if (path[1] === 'disks') return this.#form.value(this.#ofDisk(path));
      if (path[0] !== 'facts') return this.#ofField(path);
    }
    return this.#form.value(scalar(random));
  }

  #ofDisk(path: readonly string[]): Json {
    const value = disk(this.#random) as Record<string, Json>;
    const last = path[path.length - 1] as string;
    const found = Object.hasOwn(value, last) ? (value[last] as Json) : last === '1' ? value : 2;
    return Array.isArray(found) ? ((found[0] as Json | undefined) ?? found) : found;
  }

  #ofField(path: readonly string[]): Json {
    const node = this.#random.pick(this.#nodes) as unknown as JsonObject;
    const value = node[path[0] as string];
    if (value === undefined) return null;
    if (Array.isArray(value)) return this.#random.pick(value as readonly Json[]);
    return typeof value === 'object' && value !== null ? 'key' : value;
  }

  #operator(operator: (typeof FIELD_OPERATORS)[number], path: readonly string[]): JsonObject {
    const random = this.#random;
    this.#operators.push(operator);
    switch (operator) {
      case '$in':
      case '$nin':
        return { [operator]: few(random, 3, () => this.#bare(path)) };
      case '$exists':
        return { $exists: random.chance(0.5) };
      case '$type':
        return { $type: this.#types() };
      case '$regex':
        return this.#regex();
      case '$all':
        return { $all: this.#all(path) };
      case '$elemMatch':
        return { $elemMatch: this.#elemMatch(path) };
      case '$size':
        return { $size: random.below(4) };
      case '$mod':
        return { $mod: [random.pick([2, 3, -2, 4]), random.pick([0, 0, 1, 1, 2, -1])] };
      default:
        return { [operator]: this.#value(path) };
    }
  }

  #types(): Json {
    const random = this.#random;
    const one = () => random.pick<Json>(['number', 'string', 'bool', 'object', 'array', 'null', 2, 3, 4, 8, 10]);
    return random.chance(0.7) ? one() : [one(), one()];
  }

  #regex(): JsonObject {
    const random = this.#random;
    const source = random.pick([
      '^a',
      'acme',
      'a$',
      '^production$',
      '.*e.*',
      '^(acme|emca)$',
      '[0-9]',
      'web\\.1',
      'ACME',
      'E',
      '^lines',
      'two.lines',
      '^1',
      'deb',
      '^x|b',
      '.',
      'me.',
      '::',
      'o.e',
    ]);
    if (random.chance(0.5)) return { $regex: source };
    this.#operators.push('$options');
    return { $regex: source, $options: random.pick(['i', 'm', 's', 'im', 'is']) };
  }

  #all(path: readonly string[]): Json {
    const random = this.#random;
    if (!random.chance(0.15))
      return few(random, 2, () => this.#bare(path)).concat(random.chance(0.75) ? [this.#bare(path)] : []);
    this.#operators.push('$elemMatch');
    return [{ $elemMatch: this.#elemMatch(path) }];
  }

  #elemMatch(path: readonly string[]): JsonObject {
    const random = this.#random;
    if (path[1] === 'disks' && random.chance(0.8)) {
      const fields: Record<string, Json> = {};
      const inner = random.chance(0.6) ? ['name', 'size'] : [random.pick(['name', 'size', 'parts'])];
      for (const field of inner) {
        const fieldPath = ['facts', 'disks', field];
        fields[field] = random.chance(0.4)
          ? this.#bare(fieldPath)
          : this.#operator(
              random.pick(['$eq', '$ne', '$gt', '$gte', '$lt', '$in', '$exists', '$regex', '$type']),
              fieldPath,
            );
      }
      return fields;
    }
    const operator = random.pick([
      '$eq',
      '$ne',
      '$gt',
      '$gte',
      '$lt',
      '$lte',
      '$in',
      '$nin',
      '$regex',
      '$type',
      '$mod',
    ] as const);
    return this.#operator(operator, path);
  }
}
