import { describe, expect, it } from 'vitest';
import type { OpenStore } from './fixtures.ts';
import { withStore } from './with-store.ts';

/** Small records beside the nodes. */
export function recordsContract(open: OpenStore): void {
  const use = withStore(open);

  describe('records', () => {
    it('are put, got, replaced and deleted', () =>
      use(async ({ store: { records } }) => {
        expect(await records.get('token', 'deploy')).toBeUndefined();
        await records.put('token', 'deploy', { role: 'register' });
        await records.put('token', 'deploy', { role: 'admin' });
        expect(await records.get('token', 'deploy')).toEqual({ role: 'admin' });
        expect(await records.get('key', 'deploy')).toBeUndefined();
        expect(await records.delete('token', 'deploy')).toBe(true);
        expect(await records.delete('token', 'deploy')).toBe(false);
        expect(await records.get('token', 'deploy')).toBeUndefined();
      }));

    it('are created once, whoever asks at the same time', () =>
      use(async ({ store: { records } }) => {
        const tries = Array.from({ length: 20 }, (_, i) => records.create('key', 'web1', { by: i }));
        const created = await Promise.all(tries);
        expect(created.filter(Boolean)).toHaveLength(1);
        expect(await records.get('key', 'web1')).toEqual({ by: created.indexOf(true) });
        expect(await records.create('key', 'web1', { by: 99 })).toBe(false);
        await records.delete('key', 'web1');
        expect(await records.create('key', 'web1', { by: 100 })).toBe(true);
      }));

    it('are deleted once, whoever asks at the same time', () =>
      use(async ({ store: { records } }) => {
        await records.put('key', 'web1', 1);
        const deleted = await Promise.all(Array.from({ length: 10 }, () => records.delete('key', 'web1')));
        expect(deleted.filter(Boolean)).toHaveLength(1);
      }));

    it('are listed by id, page by page, and counted by kind', () =>
      use(async ({ store: { records } }) => {
        const ids = ['b', 'a', 'c.d', 'B', 'ä', 'c', '~', '0'];
        for (const id of ids) await records.put('deadletter', id, { id });
        await records.put('setting', 'a', 1);
        const sorted = [...ids].sort();
        const all = await records.list('deadletter');
        expect(all).toEqual(sorted.map((id) => ({ id, value: { id } })));
        expect(await records.count('deadletter')).toBe(ids.length);
        expect(await records.count('setting')).toBe(1);
        expect(await records.count('set')).toBe(0);
        const paged: string[] = [];
        for (;;) {
          const after = paged.at(-1);
          const page = await records.list('deadletter', { limit: 3, ...(after === undefined ? {} : { after }) });
          if (page.length === 0) break;
          paged.push(...page.map(({ id }) => id));
        }
        expect(paged).toEqual(sorted);
        expect(await records.list('deadletter', { after: 'bb', limit: 1 })).toEqual([{ id: 'c', value: { id: 'c' } }]);
      }));

    it('take ids of 500 bytes and any JSON value', () =>
      use(async ({ store: { records } }) => {
        const id = `${'ü'.repeat(249)}xy`;
        const value = JSON.parse('{"a.b":1,"$c":[null,true,"x\\u0000y"],"nested":{"":{"deep":-0.5}}}');
        await records.put('setting', id, value);
        expect(await records.get('setting', id)).toEqual(value);
        expect(await records.list('setting')).toEqual([{ id, value }]);
      }));
  });
}
