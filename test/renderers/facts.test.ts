import { expect, it } from 'vitest';
import { renderFactReport } from '../../renderers/index.ts';

it('is laid out as the report of MCollective’s facts', () => {
  const text = renderFactReport({
    fact: 'operatingsystem',
    values: [
      { value: 'Debian', count: 2 },
      { value: 'CentOS', count: 1 },
    ],
  });
  expect(text).toBe(`Report for fact: operatingsystem

        CentOS                                   found 1 times
        Debian                                   found 2 times
`);
});

it('lists the nodes below each value where they are given', () => {
  const text = renderFactReport({
    fact: 'operatingsystem',
    values: [
      { value: 'CentOS', count: 1, nodes: ['db1.acme.net'] },
      { value: 'Debian', count: 2, nodes: ['web2.acme.net', 'web1.acme.net'] },
    ],
  });
  expect(text).toBe(`Report for fact: operatingsystem

        CentOS                                   found 1 times

            db1.acme.net

        Debian                                   found 2 times

            web1.acme.net
            web2.acme.net

`);
});

it('says so where no node has the fact', () => {
  expect(renderFactReport({ fact: 'nosuchfact', values: [] })).toBe('No values found for fact nosuchfact\n');
});

it('widens the column to the longest value', () => {
  const long = 'x'.repeat(50);
  const text = renderFactReport({
    fact: 'f',
    values: [
      { value: long, count: 1 },
      { value: 'y', count: 3 },
    ],
  });
  expect(text).toContain(`        ${long} found 1 times\n        y${' '.repeat(49)} found 3 times\n`);
});

it('counts values that read alike on one line', () => {
  const text = renderFactReport({
    fact: 'processorcount',
    values: [
      { value: 8, count: 2, nodes: ['b', 'a'] },
      { value: '8', count: 1, nodes: ['c'] },
      { value: true, count: 1, nodes: ['d'] },
    ],
  });
  expect(text).toContain(
    '8                                        found 3 times\n\n            a\n            b\n            c\n',
  );
  expect(text).toContain('true                                     found 1 times');
});

it('shows maps and lists as Ruby does, and control characters as what they are', () => {
  const text = renderFactReport({
    fact: 'a\u001b[31m',
    values: [
      { value: { ip: '10.0.0.1', up: null, list: [1, 'a"b'] }, count: 1 },
      { value: 'evil\u001b[2Jtext\n', count: 1 },
    ],
  });
  expect(text).toContain('{"ip"=>"10.0.0.1", "up"=>nil, "list"=>[1, "a\\"b"]}');
  expect(text).toContain('evil\\x1b[2Jtext\\n');
  expect(text).not.toContain('\u001b');
});
