import { type FieldPath, type Json, NODE_FIELDS, parseFieldPath, shownValue } from '../../core/index.ts';
import type { NodeRow } from '../answers.ts';
import { ServiceError } from './service-error.ts';
import { serviceLimits } from './service-limits.ts';

/** One field of a node as it was asked for. */
export interface NodeField {
  /** As asked; the key in the answer. */
  readonly name: string;
  readonly read: (row: NodeRow) => Json | undefined;
}

const OF_ROW: Readonly<Record<string, (row: NodeRow) => Json>> = {
  identity: (row) => row.identity,
  lastseen: (row) => row.lastseen,
  interval: (row) => row.interval,
  state: (row) => row.state,
  age: (row) => row.age,
};

const TOP: ReadonlySet<string> = new Set(NODE_FIELDS);

/**
 * The path of a field from what people write for it: a field of the node document by its name (`classes`,
 * `source.via`, `facts.os.name`), anything else is a fact (`os.name`).
 * @throws CoreError `fact_path_invalid`
 */
export function nodePath(text: string, field: string): FieldPath {
  const path = parseFieldPath(text, field);
  return TOP.has(path[0] as string) ? path : ['facts', ...path];
}

/** Makes the fields from their names. Throws CoreError `fact_path_invalid`, ServiceError `argument_invalid`. */
export function nodeFields(names: readonly string[]): readonly NodeField[] {
  if (names.length > serviceLimits.fieldsMax) tooMany('fields', names.length, serviceLimits.fieldsMax);
  return names.map((name) => {
    const ofRow = Object.hasOwn(OF_ROW, name) ? OF_ROW[name] : undefined;
    if (ofRow !== undefined) return { name, read: ofRow };
    const path = nodePath(name, 'fields');
    return { name, read: (row) => row.value(path) };
  });
}

/** Refuses a list that is over its bound. */
export function tooMany(field: string, count: number, max: number): never {
  throw new ServiceError('argument_invalid', `${field} names ${count} paths, at most ${max} are answered at once`, {
    field,
    value: count,
  });
}

/** The names in `identity,facts.os.name,"a,b".c`: separated by commas, which may stand inside double quotes. */
export function splitFields(text: string): readonly string[] {
  if (text.length > serviceLimits.fieldTextMax) {
    throw new ServiceError('argument_invalid', `fields has ${text.length} characters`, {
      field: 'fields',
      value: shownValue(text),
    });
  }
  const names: string[] = [];
  let name = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (character === ',' && !quoted) {
      names.push(name.trim());
      name = '';
      continue;
    }
    if (character === '"') quoted = !quoted;
    name += character;
    if (quoted && character === '\\' && at + 1 < text.length) name += text[++at];
  }
  names.push(name.trim());
  return names;
}
