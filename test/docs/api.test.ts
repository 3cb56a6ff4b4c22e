import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addSilentNodes, type Fleet, serviceOver, startFleet } from '../query/service/fixture.ts';

/*
 * Every example of the page is run as it stands, with the address of a service of this test, and its answer compared
 * with the one on the page. MUSTER_TEST_UPDATE=1 writes the answers into the page instead; read the diff.
 */

const PAGE = 'docs/api.md';
const EXAMPLE = /```sh\n([\s\S]*?)\n```\n```json\n([\s\S]*?)\n```/g;
const run = promisify(execFile);

let fleet: Fleet;
let app: FastifyInstance;
let address: string;
beforeAll(async () => {
  fleet = await startFleet();
  await addSilentNodes(fleet);
  app = await serviceOver(fleet.engine);
  address = await app.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(async () => {
  await app.close();
  await fleet.close();
});

/** The arguments of a command as a shell takes them apart. */
async function argumentsOf(command: string): Promise<readonly string[]> {
  const { stdout } = await run('bash', ['-c', `curl() { printf '%s\\0' "$@"; }\n${command}`]);
  return stdout.split('\0').slice(0, -1);
}

/** Does what curl does for the few options that the page uses: a machine without curl proves the page too. */
async function answerOf(command: string): Promise<unknown> {
  const [headers, data] = [new Headers(), [] as string[]];
  let [url, inAddress] = ['', false];
  const words = [...(await argumentsOf(command))];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '-G') inAddress = true;
    else if (word === '-H') headers.set(...((words.shift() as string).split(': ') as [string, string]));
    else if (word === '-d') data.push(words.shift() as string);
    else if (word === '--data-urlencode') {
      const [, name, value] = /^(\w+)=([\s\S]*)$/.exec(words.shift() as string) as unknown as [string, string, string];
      data.push(`${name}=${encodeURIComponent(value)}`);
    } else if (word.startsWith('http')) url = word.replace('http://127.0.0.1:8420', address);
    else throw new Error(`The page uses curl's ${word}, which this test does not know`);
  }
  const how = inAddress || data.length === 0 ? { headers } : { method: 'POST', headers, body: data.join('&') };
  return (await fetch(inAddress ? `${url}?${data.join('&')}` : url, how)).json();
}

/** What the real curl gives, undefined on machines without one. */
async function answerOfCurl(command: string): Promise<unknown> {
  const here = command.replaceAll('http://127.0.0.1:8420', address).replace(/^curl/, 'curl -sS --noproxy "*"');
  try {
    return JSON.parse((await run('bash', ['-c', here])).stdout);
  } catch (error) {
    if ((error as { code?: unknown }).code === 127) return undefined;
    throw error;
  }
}

test('every example on the page gives the answer on the page', async () => {
  const page = await readFile(PAGE, 'utf8');
  const examples = [...page.matchAll(EXAMPLE)];
  expect(examples.length).toBeGreaterThanOrEqual(10);
  expect(page.match(/```sh/g)).toHaveLength(examples.length);
  let written = page;
  for (const [whole, command, expected] of examples as unknown as [string, string, string][]) {
    const answer = await answerOf(command);
    const ofCurl = await answerOfCurl(command);
    if (ofCurl !== undefined) expect(ofCurl, command).toEqual(answer);
    if (process.env.MUSTER_TEST_UPDATE === '1') {
      const block = whole.replace(/```json\n[\s\S]*$/, () => `\`\`\`json\n${JSON.stringify(answer, null, 2)}\n\`\`\``);
      written = written.replace(whole, () => block);
    } else expect(answer, command).toEqual(JSON.parse(expected));
  }
  if (written !== page) await writeFile(PAGE, written);
});

test('every parameter and route of the page is one of the service, and none is left out', async () => {
  const page = await readFile(PAGE, 'utf8');
  const routes = app.printRoutes({ commonPrefix: false });
  for (const route of [
    '/v1/nodes',
    '/v1/facets',
    '/v1/query/nodes',
    '/v1/query/facets',
    '/graphql',
    '/metrics',
    '/healthz',
  ]) {
    expect(routes).toContain(route.slice(1));
    expect(page).toContain(route);
  }
  const refusal = await app.inject('/v1/nodes?nothing=1');
  expect(refusal.json().code).toBe('argument_invalid');
  const listed = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(listed).toEqual([
    'query',
    'filter',
    'fact',
    'class',
    'agent',
    'identity',
    'select',
    'collective',
    'fields',
    'limit',
    'after',
    'requireKnown',
    'state',
  ]);
  for (const name of listed) {
    const answer = await app.inject(`/v1/nodes?${name}=`);
    if (answer.statusCode !== 200) expect(answer.json().message).not.toContain('not a known key');
  }
});
