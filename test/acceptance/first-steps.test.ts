import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Installed } from './installed.ts';
import { asTyped, blocksOf } from './pages.ts';

/*
 * The first lines a newcomer types, as the README has them, against `muster serve --with-agent`: this machine's own
 * facts, gathered, signed, sent over STOMP, kept, and asked for.
 */

let muster: Installed;
let identity: string;

beforeAll(async () => {
  identity = (await promisify(execFile)('hostname', ['-f'])).stdout.trim();
  muster = await Installed.start({ args: ['serve', '--with-agent'] });
  const until = Date.now() + 30_000;
  for (;;) {
    const found = await muster.run('mc-find', ['-I', identity]);
    if (found.status === 0) break;
    if (Date.now() > until) throw new Error(`this machine did not register:\n${muster.log}`);
  }
}, 60_000);

afterAll(() => muster.remove());

describe('the first steps of the README', () => {
  it('find, count and show this machine', async () => {
    const [commands] = blocksOf('README.md', 'first-steps');
    const ran = await asTyped(muster, commands as string);
    // npx may have notices of its own.
    expect(ran.stderr.replace(/^npm (warn|notice).*$/gm, '').trim()).toBe('');
    expect(ran.status).toBe(0);
    const [first] = ran.stdout.split('\n');
    expect(first).toBe(identity);
    expect(ran.stdout).toMatch(/Report for fact: os\.name/);
    expect(ran.stdout).toMatch(/Debian\s+found 1 times/);
    expect(ran.stdout).toContain(`Inventory for ${identity}:`);
  });

  it('ask the same by GraphQL with curl', async () => {
    const ran = await asTyped(muster, blocksOf('README.md', 'first-steps')[1] as string);
    const answer = JSON.parse(ran.stdout);
    expect(answer.errors).toBeUndefined();
    expect(answer.data.nodes.totalCount).toBe(1);
    expect(answer.data.nodes.nodes[0].identity).toBe(identity);
    expect(answer.data.nodes.account).toEqual({ matched: 1, unknown: 0, total: 1 });
  });
});

describe('the operator’s page', () => {
  it('has commands that work as written', async () => {
    for (const block of blocksOf('docs/operating.md', 'operating')) {
      const ran = await asTyped(muster, block.replace(/^muster /gm, 'npx muster '));
      expect(ran.status, `${block}\n${ran.stderr}`).toBe(0);
    }
    const tokens = await muster.run('muster', ['token', 'list']);
    expect(tokens.stdout).toContain('deploy');
    expect(tokens.stdout).toContain('web*.acme.net');
    expect(tokens.stdout).not.toMatch(/[A-Za-z0-9_-]{43}/);
  });
});

describe('a machine that registered', () => {
  it('has facts of every kind: structured, legacy, and typed', async () => {
    const ran = await muster.get(`/v1/nodes/${identity}`);
    const document = JSON.parse(ran.body);
    const facts = document.facts ?? document.node.facts;
    expect(facts.os.name).toBe(facts.operatingsystem);
    expect(typeof facts.processors.count).toBe('number');
    expect(facts.memory.system.total_bytes).toBeGreaterThan(0);
    expect(facts.networking.fqdn ?? facts.networking.hostname).toBeTruthy();
  });

  it('is proven by its key', async () => {
    const ran = await muster.get(`/v1/nodes/${identity}`);
    expect(ran.body).toMatch(/"proof":\s*"key"/);
  });
});
