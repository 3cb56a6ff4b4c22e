import { expect, it } from 'vitest';
import { renderAccount, renderTable } from '../../renderers/index.ts';

const account = {
  total: 12,
  matched: 3,
  notMatched: 7,
  unknown: 2,
  matchedThoughUnknown: 0,
  missing: 1,
  otherType: [],
};

it('makes columns as wide as their widest cell', () => {
  const text = renderTable(
    [
      { title: 'NODE', cell: (row: { name: string; age: number }) => row.name },
      { title: 'AGE', cell: (row) => String(row.age), align: 'right' },
    ],
    [
      { name: 'db1.acme.net', age: 5 },
      { name: 'web\n1', age: 1200 },
    ],
  );
  expect(text).toBe('NODE           AGE\ndb1.acme.net     5\nweb\\n1        1200\n');
});

it('ends lines that are wider than the terminal in an ellipsis', () => {
  const columns = [
    { title: 'ID', cell: (row: string) => row.slice(0, 2) },
    { title: 'REASON', cell: (row: string) => row },
  ];
  expect(renderTable(columns, ['l1 is old', 'l2'], 10)).toBe('ID  REASON\nl1  l1 is…\nl2  l2\n');
});

it('prints nothing for no rows', () => {
  expect(renderTable([{ title: 'NODE', cell: () => '' }], [])).toBe('');
});

it('says how an account adds up', () => {
  expect(renderAccount({ account })).toBe('12 nodes: 3 matched, 7 did not, 2 cannot be told (1 of them missing)\n');
});

it('says how old the data is, which types were met, and what matched by a negation', () => {
  const otherType = [{ path: 'facts.cores', operator: '$gt', asked: 'number', met: ['string'], nodes: 1 }];
  const text = renderAccount({ account: { ...account, matchedThoughUnknown: 2, otherType }, ages: [400, 20, 90_061] });
  expect(text.split('\n').slice(1)).toEqual([
    '2 of the matched have no such fact and match by a negation',
    '1 node has facts.cores as string, $gt asked for number',
    'Last heard 20s to 1d 1h ago',
    '',
  ]);
});
