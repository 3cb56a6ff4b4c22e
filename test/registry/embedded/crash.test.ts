import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../random.ts';
import { everything } from '../contract/fixtures.ts';
import { buildProgram, run } from './child-program.ts';
import { openForTest, temporaryFolder } from './open-for-test.ts';

const ROUNDS = 10;

describe('a process killed while it writes', () => {
  const seed = Number(process.env.MUSTER_TEST_SEED ?? randomInt(1_000_000));

  it(`leaves every acknowledged batch there once, and none half (MUSTER_TEST_SEED=${seed})`, async () => {
    const program = await buildProgram('register-until-killed');
    const path = await temporaryFolder();
    const random = createRandom(seed);
    /** Group of nodes -> the newest round and batch acknowledged for it. */
    const taken = new Map<string, { round: number; batch: number }>();
    for (let round = 0; round < ROUNDS; round++) {
      const running = run(process.execPath, [program, path, String(round), String(seed + round)]);
      await running.line((line) => line.startsWith('taken'));
      await setTimeout(random.below(150));
      running.child.kill('SIGKILL');
      expect((await running.ended).signal).toBe('SIGKILL');
      for (const line of running.lines) {
        const [word, r, batch, group] = line.split(' ');
        if (word === 'taken') taken.set(group as string, { round: Number(r), batch: Number(batch) });
      }
      const under = await openForTest({ path });
      const nodes = await everything(under.store);
      const groups = new Map<string, unknown[]>();
      for (const node of nodes.values()) {
        const group = node.identity.replace(/\.n\d$/, '');
        groups.set(group, [...(groups.get(group) ?? []), { ...node.facts, classes: node.classes }]);
      }
      for (const [group, facts] of groups) {
        expect(facts, `${group} in round ${round}`).toHaveLength(5);
        expect(new Set(facts.map((one) => JSON.stringify(one))).size, `${group} in round ${round}`).toBe(1);
      }
      for (const [group, newest] of taken) {
        const [facts] = (groups.get(group) ?? []) as { round: number; batch: number }[];
        expect(facts, `${group} acknowledged by round ${newest.round}`).toBeDefined();
        const age =
          (facts as { round: number }).round - newest.round || (facts as { batch: number }).batch - newest.batch;
        expect(age, `${group} is older than acknowledged`).toBeGreaterThanOrEqual(0);
      }
      expect(nodes.size).toBe(await under.store.count());
      await under.store.close();
    }
    expect(taken.size).toBeGreaterThan(ROUNDS);
    await rm(path, { recursive: true });
  });
});
