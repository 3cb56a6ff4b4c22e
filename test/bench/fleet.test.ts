import { describe, expect, it } from 'vitest';
import { atRound, Fleet } from '../../bench/fleet.ts';
import { codeKeys, compileVolatile, type JsonObject, splitVolatile, VOLATILE_FACTS } from '../../core/index.ts';

const NODES = 300;
const fleet = new Fleet(NODES);
const rules = compileVolatile(VOLATILE_FACTS);
const documents = [...fleet.documents(NODES)];
const split = (i: number, content: number, moment: number) => {
  const document = atRound(documents[i] as (typeof documents)[number], i, { content, moment });
  return splitVolatile(codeKeys(document.facts) as JsonObject, rules);
};

/** Every value that is no object, by its path. */
const leaves = (value: unknown, path = ''): [string, unknown][] =>
  value !== null && typeof value === 'object'
    ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`))
    : [[path, value]];

describe('the fleet of the bench', () => {
  it('gives the same documents however often it is read, a smaller fleet being the beginning of a larger', () => {
    const [line] = fleet.lines(1);
    expect(JSON.parse(String(line))).toEqual(documents[0]);
    expect([...fleet.documents(10)]).toEqual(documents.slice(0, 10));
    expect(
      Buffer.concat([...fleet.lines(NODES)])
        .toString()
        .trimEnd()
        .split('\n'),
    ).toHaveLength(NODES);
  });

  it('moves every volatile fact from moment to moment, and no other', () => {
    for (let i = 0; i < NODES; i++) {
      const [before, after] = [split(i, 1, 1), split(i, 1, 2)];
      expect(after.facts).toEqual(before.facts);
      const moved = new Map(leaves(after.volatile));
      const still = leaves(before.volatile).filter(([path, value]) => moved.get(path) === value);
      expect(still).toEqual([]);
    }
  });

  it('moves the content with the number of the content', () => {
    expect(split(0, 2, 1).facts).not.toEqual(split(0, 1, 1).facts);
  });
});
