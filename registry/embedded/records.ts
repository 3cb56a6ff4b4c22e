import { type RecordKind, type RecordStore, type StoredRecord, StoreError } from '../node-store.ts';
import type { Environment } from './environment.ts';

/*
 * Small records under [kind, id], as JSON text: a dead letter may hold any keys, `__proto__` too, which msgpack's
 * records would rename.
 */

/** Bytes of an id, as the contract has it; LMDB's keys take it together with the kind. */
const ID_BYTES_MAX = 500;

const nameOf = ([kind, id]: readonly [string, string]): string => `${kind} ${id}`;

/** The records of an environment. `guard` throws where the store is closed. */
export function embeddedRecords(environment: Environment, guard: () => void): RecordStore {
  const { records } = environment.tables;
  const key = (kind: RecordKind, id: string): [string, string] => {
    guard();
    const bytes = Buffer.byteLength(id);
    if (bytes === 0 || bytes > ID_BYTES_MAX) {
      throw new StoreError(
        'argument_invalid',
        `The id of a ${kind} record has ${bytes} bytes, expected 1 to ${ID_BYTES_MAX}`,
        { field: 'id' },
      );
    }
    return [kind, id];
  };
  const rangeOf = (kind: RecordKind) => ({ start: [kind, ''], end: [kind, '\u{10ffff}'] });
  return {
    async get<T>(kind: RecordKind, id: string) {
      return records.get(key(kind, id)) as T | undefined;
    },
    async put(kind, id, value) {
      const at = key(kind, id);
      await environment.commit({
        key: nameOf(at),
        put: () => {
          records.put(at, value);
        },
      });
    },
    async create(kind, id, value) {
      const at = key(kind, id);
      return environment.commit({
        key: nameOf(at),
        condition: () => !records.doesExist(at),
        put: () => {
          records.put(at, value);
        },
      });
    },
    async delete(kind, id) {
      const at = key(kind, id);
      return environment.commit({
        key: nameOf(at),
        condition: () => records.doesExist(at),
        put: () => {
          records.remove(at);
        },
      });
    },
    async list<T>(kind: RecordKind, options: { readonly after?: string; readonly limit?: number } = {}) {
      guard();
      const range = rangeOf(kind);
      const found: StoredRecord<T>[] = [];
      const start = options.after === undefined ? range.start : [kind, options.after];
      if (options.limit === 0) return found;
      for (const { key: at, value } of records.getRange({ ...range, start })) {
        if (at[1] === options.after) continue;
        found.push({ id: at[1], value: value as T });
        if (found.length === options.limit) break;
      }
      return found;
    },
    async count(kind) {
      guard();
      return records.getKeysCount(rangeOf(kind));
    },
  };
}
