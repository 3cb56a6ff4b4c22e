import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IDENTITY_PATTERN, MusterError } from '../../../core/index.ts';
import { cursorOf, identityOfCursor } from '../../../query/service/cursor.ts';
import { measureDocument } from '../../../query/service/graphql/document-limits.ts';
import { nodeFields, splitFields } from '../../../query/service/node-fields.ts';

/** Runs `read` and gives the code of what it threw; anything but an error of ours is a failure. */
function outcome(read: () => unknown): string {
  try {
    read();
    return 'taken';
  } catch (error) {
    expect(error).toBeInstanceOf(MusterError);
    return (error as MusterError).code;
  }
}

test('a cursor gives back the identity in lower case', () => {
  fc.assert(
    fc.property(fc.stringMatching(new RegExp(IDENTITY_PATTERN)), (identity) => {
      expect(identityOfCursor(cursorOf(identity))).toBe(identity.toLowerCase());
    }),
  );
});

test('whatever else is no cursor is refused as cursor_invalid', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String(), fc.stringMatching(/^[\w-]{1,40}$/)), (text) => {
      const got = outcome(() => identityOfCursor(text));
      if (got === 'taken') expect(cursorOf(identityOfCursor(text))).toBe(text);
      else expect(got).toBe('cursor_invalid');
    }),
    { numRuns: 2000 },
  );
});

test('fields are split at commas outside of quotes', () => {
  expect(splitFields('identity, os.name ,"a,b".c')).toEqual(['identity', 'os.name', '"a,b".c']);
  expect(splitFields('"a\\",b".c,d')).toEqual(['"a\\",b".c', 'd']);
});

test('any list of fields is read or refused by name', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-c.",\\ ]{0,30}$/)), (text) => {
      expect(['taken', 'fact_path_invalid', 'argument_invalid']).toContain(
        outcome(() => nodeFields(splitFields(text))),
      );
    }),
    { numRuns: 2000 },
  );
});

test('any text is measured as a GraphQL document or refused by name', () => {
  const words = [
    '{',
    '}',
    '(',
    ')',
    'nodes',
    '...f',
    'fragment f on Query',
    'query',
    '"',
    '"""',
    '#',
    '$a',
    ':',
    '[',
    '\n',
  ];
  const documents = fc.array(fc.constantFrom(...words), { maxLength: 60 }).map((parts) => parts.join(' '));
  fc.assert(
    fc.property(fc.oneof(fc.string(), documents), (text) => {
      expect(['taken', 'graphql_invalid', 'graphql_too_deep']).toContain(outcome(() => measureDocument(text)));
    }),
    { numRuns: 3000 },
  );
});

test('fragments that double at each link are counted in no time', () => {
  const links = Array.from({ length: 300 }, (_, i) => `fragment f${i} on Query { ...f${i + 1} ...f${i + 1} }`);
  const text = `{ ...f0 } ${links.join(' ')} fragment f300 on Query { nodes { totalCount } }`;
  const start = performance.now();
  expect(outcome(() => measureDocument(text))).toBe('graphql_too_deep');
  expect(performance.now() - start).toBeLessThan(5000);
});

test('a document over its length is refused before it is read', () => {
  expect(outcome(() => measureDocument(' '.repeat(70_000)))).toBe('request_too_large');
});
