import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, type ServerUnderTest, serve } from './consumers/http-for-test.ts';
import { type RegistryUnderTest, registryForTest } from './registry-for-test.ts';

const page = readFileSync(new URL('../../docs/registration.md', import.meta.url), 'utf8');
const EXAMPLE = /```http\n(\w+) (\S+)\n(?:content-type: (\S+)\n)?(?:\n([\s\S]*?))?```\n\n```json (\d+)\n([\s\S]*?)```/g;
/** Values that differ from run to run; the page shows one of them. */
const VARY = new Set(['position', 'deadLetter', 'id', 'next', 'token']);

/** The value without what varies, its keys kept: a page that forgets a field is wrong too. */
function steady(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(steady);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, below]) => [key, VARY.has(key) ? typeof below : steady(below)]),
  );
}

let test: RegistryUnderTest;
let server: ServerUnderTest;
beforeAll(async () => {
  test = await registryForTest();
  server = await serve(test, test.registry);
});
afterAll(async () => {
  await server.app.close();
  await test.dispose();
});

describe('docs/registration.md', () => {
  it('shows what is answered, request by request', async () => {
    const examples = [...page.matchAll(EXAMPLE)];
    expect(examples.length).toBe((page.match(/```http/g) ?? []).length);
    for (const [, method, path, type, body, status, answer] of examples) {
      const headers = type === undefined ? {} : { 'content-type': type };
      const got = await ask(server, method as string, path as string, body, headers);
      const shown = steady(JSON.parse(answer as string)) as Record<string, unknown>;
      const given = steady(got.body) as Record<string, unknown>;
      // A single refusal repeats its reason in the list of refusals; the page leaves it out there.
      if (shown.refusals === undefined) delete given.refusals;
      expect({ status: got.status, ...given }, `${method} ${path}`).toEqual({ status: Number(status), ...shown });
    }
  });

  it('names every figure, and no other', async () => {
    const named = [...page.matchAll(/`(muster_[a-z_]+)`/g)].map((match) => match[1]);
    const made = test.metrics.getMetricsAsArray().map((metric) => metric.name);
    expect([...new Set(named)].sort()).toEqual([...made].sort());
  });
});
