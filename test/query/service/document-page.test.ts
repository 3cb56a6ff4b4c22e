import { afterAll, beforeAll, expect, test } from 'vitest';
import { identityOfCursor } from '../../../query/service/cursor.ts';
import { documentPageJson } from '../../../query/service/node-answers.ts';
import { EVERY_NODE } from '../../../query/service/questions.ts';
import { FLEET, type Fleet, startFleet } from './fixture.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet();
});
afterAll(() => fleet.close());

test('a page of documents ends where they become too many, and the pages together hold each node once', async () => {
  const seen: string[] = [];
  let after: string | undefined;
  let pages = 0;
  do {
    const answer = await fleet.engine.answer(EVERY_NODE, { first: FLEET, after });
    const page = JSON.parse(await documentPageJson(answer, fleet.engine, 200_000)) as {
      nodes: { identity: string }[];
      next: string | null;
      totalCount: number;
    };
    expect(JSON.stringify(page.nodes).length).toBeLessThan(210_000);
    expect(page.totalCount).toBe(FLEET);
    seen.push(...page.nodes.map((node) => node.identity));
    after = page.next === null ? undefined : identityOfCursor(page.next);
    pages += 1;
  } while (after !== undefined);
  expect(pages).toBeGreaterThan(1);
  expect(seen).toHaveLength(FLEET);
  expect(new Set(seen).size).toBe(FLEET);
});
