import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../core/index.ts';
import { everything, readOne, register } from '../contract/fixtures.ts';
import { openForTest } from './open-for-test.ts';

/* JSON as the pipeline hands it over: well-formed Unicode, finite numbers, any keys. */
const key = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  { weight: 2, arbitrary: fc.constantFrom('os', 'release', 'full', 'eth0', '0', '1', '-1') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('__proto__', 'constructor', 'toJSON', 'hasOwnProperty', 'then', 'a.b', '$x', '%', ''),
  },
);
const scalar = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const { value } = fc.letrec<{ value: Json; object: JsonObject }>((tie) => ({
  value: fc.oneof({ maxDepth: 5 }, scalar, fc.array(tie('value'), { maxLength: 6 }), tie('object')),
  object: fc
    .array(fc.tuple(key, tie('value')), { maxLength: 8 })
    .map((entries) =>
      JSON.parse(`{${entries.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(',')}}`),
    ),
}));
const facts = fc.array(fc.tuple(key, value), { maxLength: 12 }).map((entries) => JSON.parse(objectText(entries)));

function objectText(entries: readonly (readonly [string, Json])[]): string {
  return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(',')}}`;
}

describe('a document on its way through the store', () => {
  it('comes back as it went in, in this process and the next', async () => {
    const under = await openForTest();
    let store = under.store;
    const sent = new Map<string, ReturnType<typeof register>>();
    let number = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(facts, facts), { minLength: 1, maxLength: 5 }), async (batch) => {
        const changes = batch.map(([some, extra]) => register(`n${number++}`, { facts: some as JsonObject, extra }));
        await store.apply(changes);
        for (const change of changes) {
          const { identity } = change.registration;
          sent.set(identity, change);
          expect(plain((await readOne(store, identity))?.facts)).toEqual(factsOf(change));
        }
      }),
      { numRuns: 100 },
    );
    for (const reopened of [false, true]) {
      if (reopened) store = await under.reopen();
      const all = await everything(store);
      expect(all.size).toBe(sent.size);
      for (const [identity, change] of sent) {
        expect(plain(all.get(identity)?.facts), identity).toEqual(factsOf(change));
        expect(plain(all.get(identity)?.extra), identity).toEqual(plain(change.registration.extra));
      }
    }
    await under.dispose();
  });

  it('may have more shapes than are shared, and wide ones', async () => {
    const under = await openForTest();
    const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`interface${i}`, { mtu: i }]));
    const changes = Array.from({ length: 900 }, (_, i) =>
      register(`n${i}`, { facts: { [`mount${i}`]: { [`device${i}`]: i, size: { [`of${i % 70}`]: 1 } } } }),
    );
    await under.store.apply(changes);
    await under.store.apply([register('wide', { facts: wide }), register('last', { facts: { a: { b: { c: 1 } } } })]);
    for (const store of [under.store, await under.reopen()]) {
      if (store === under.store) continue;
      expect((await readOne(store, 'wide'))?.facts).toEqual(wide);
      expect((await readOne(store, 'last'))?.facts).toEqual({ a: { b: { c: 1 } } });
      const all = await everything(store);
      for (const { registration } of changes) expect(all.get(registration.identity)?.facts).toEqual(registration.facts);
    }
    await under.dispose();
  });
});

/** Facts with their volatile part, free of prototypes and of the sign of zero. */
function factsOf({ registration }: ReturnType<typeof register>): unknown {
  expect(registration.volatile).toEqual({});
  return plain(registration.facts);
}

function plain(json: unknown): unknown {
  return json === undefined ? undefined : JSON.parse(JSON.stringify(json));
}
