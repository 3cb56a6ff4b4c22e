import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  brokerAuthenticate,
  brokerBounds,
  decodeMessage,
  fingerprint,
  joinProofMatches,
  openSealed,
  parseSelector,
  RIGHTS,
  readBrokerUsers,
  verifyNodeLogin,
  verifySealed,
} from '../../../wire/index.ts';

const page = (name: string) => readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), 'utf8');

/** The fenced blocks of a language. */
function blocks(text: string, language: string): readonly string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)\\n\`\`\`$`, 'gm'))].map(
    (match) => match[1] ?? '',
  );
}

/** Cells of the table rows of a page. */
const rows = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );

describe('the page of the message format', () => {
  const text = page('wire-format');
  const [example] = blocks(text, 'muster-message');
  const sealed = openSealed(Buffer.from(example ?? ''));
  const message = decodeMessage(sealed.message);

  it('shows a message that verifies', () => {
    expect(verifySealed(sealed, sealed.key)).toBe(true);
    expect(joinProofMatches(message.join ?? '', 'open sesame', sealed.key, message.senderid, message.msgtime)).toBe(
      true,
    );
    expect(text).toContain(fingerprint(sealed.key));
  });

  it('tells of every field of header and message, and of nothing else', () => {
    const told = rows(text)
      .filter((cells) => cells.length === 3 && cells[0] !== 'field' && !cells[0]?.startsWith('-'))
      .map((cells) => cells[0]);
    const header = Object.keys(JSON.parse((example ?? '').split('\n')[0] ?? ''));
    expect(told).toEqual([...header, ...Object.keys(message)]);
  });

  it('shows a login that is good at its time', async () => {
    const [passcode] = blocks(text, 'muster-passcode');
    const login = {
      login: 'node:db1.acme.net',
      passcode,
      headers: { 'muster-key': sealed.key },
      remoteAddress: '192.0.2.1',
    };
    const clock = { nowMs: () => 1_790_000_030_000 };
    expect(await verifyNodeLogin(login, async () => sealed.key, clock)).toEqual({
      kind: 'node',
      identity: 'db1.acme.net',
    });
  });
});

describe('the page of the broker', () => {
  const text = page('broker');

  it('shows the table of rights as it is', () => {
    const told = rows(text).filter((cells) => cells.length === 5 && /^(send|subscribe)$/.test(cells[0] ?? ''));
    expect(told).toEqual(
      RIGHTS.map(({ act, kind, who, only, because }) => [act, kind, who.join(', '), only ?? '', because]),
    );
  });

  it('names every bound with its value', () => {
    const { frame, ...others } = brokerBounds;
    const told = Object.fromEntries(
      rows(text)
        .filter((cells) => /^[a-z]\w+(Max|Ms|Bytes)$/.test(cells[0] ?? ''))
        .map((cells) => [cells[0], Number(cells[1])]),
    );
    expect(told).toEqual({ ...frame, ...others });
  });

  it('shows selectors that can be read', () => {
    const lines = (blocks(text, '').find((block) => block.includes('mc_identity')) ?? '').split('\n');
    expect(lines.length).toBe(4);
    for (const line of lines) parseSelector(line);
  });

  it('shows how a hash is made that a login then fits', async () => {
    const [command] = blocks(text, 'sh');
    const hash = execFileSync('sh', ['-c', command ?? ''], { input: 'sécret\n', encoding: 'utf8' }).trim();
    const users = readBrokerUsers(`rip: { passwordHash: "${hash}", role: client }`, 'users.yaml');
    const login = { login: 'rip', passcode: 'sécret', headers: {}, remoteAddress: '127.0.0.1' };
    expect(await brokerAuthenticate({ users })(login)).toEqual({ kind: 'client', name: 'rip' });
  });
});
