import { expect, it } from 'vitest';
import { logLine } from '../../cli/server/log-line.ts';

const rows: readonly (readonly [record: Record<string, unknown>, line: string])[] = [
  [
    { level: 'info', time: 1, part: 'agent', msg: 'Connected', host: '127.0.0.1', port: 6163 },
    'agent: Connected host=127.0.0.1 port=6163',
  ],
  [{ msg: 'key enrolled', by: 'first-use' }, 'Key enrolled by=first-use'],
  [{ msg: 'Refused', reason: 'it has "blanks"', tls: false }, 'Refused reason="it has \\"blanks\\"" tls=false'],
  [{ msg: 'Ended', outcome: { kind: 'receipted' }, gone: undefined }, 'Ended outcome={"kind":"receipted"}'],
  [{ msg: 'Unusable', err: 'its checksum is wrong' }, 'Unusable err="its checksum is wrong"'],
  [{ msg: 'Failed', err: { message: 'no', stack: 'Error: no\n    at x' } }, 'Failed\n    Error: no\n        at x'],
];

it('shows a record of the log on one line, an error with its stack below', () => {
  for (const [record, line] of rows) expect(logLine(record)).toBe(line);
});

it('lets nothing of another machine act on the terminal', () => {
  const evil = '\u001b[2Jx\u009bm\r\n';
  const line = logLine({ msg: `Refused ${evil}`, identity: evil, [evil]: 1, err: { stack: evil } });
  expect(line.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
});
