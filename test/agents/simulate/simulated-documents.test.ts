import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import {
  documentOfRound,
  generatedDocuments,
  readDocuments,
  seededRandom,
} from '../../../agents/simulate/simulated-documents.ts';
import { simulatedKey } from '../../../agents/simulate/simulated-key.ts';
import {
  compileVolatile,
  digestOf,
  type Json,
  type JsonObject,
  parseIdentity,
  type Registration,
  splitVolatile,
  VOLATILE_FACTS,
} from '../../../core/index.ts';
import { node } from '../../data/fleet.mjs';

const rules = compileVolatile(VOLATILE_FACTS);
const parts = ({ facts, ...rest }: Registration) => {
  const split = splitVolatile(facts as JsonObject, rules);
  return { content: digestOf({ ...rest, facts: split.facts } as unknown as Json), volatile: split.volatile };
};

describe('simulated documents', () => {
  test('are the same for the same seed, and others for another', () => {
    const [a, again, other] = [generatedDocuments(50, 1), generatedDocuments(50, 1), generatedDocuments(50, 2)];
    for (let i = 0; i < 50; i++) expect(a.document(i)).toEqual(again.document(i));
    expect(a.document(7)).not.toEqual(other.document(7));
    const identities = new Set(Array.from({ length: 50 }, (_, i) => parseIdentity(a.document(i).identity)));
    expect(identities.size).toBe(50);
  });

  test.each([
    ['generated', () => generatedDocuments(1, 1).document(0)],
    ['of a fleet', () => JSON.parse(JSON.stringify(node(3))) as Registration],
  ])('%s change every volatile fact of theirs each round, and content only with the generation', (_, make) => {
    const rounds = [1, 2, 3].map((round) => parts(documentOfRound(make(), round, 0, 1)));
    expect(new Set(rounds.map(({ content }) => content)).size).toBe(1);
    for (const path of ['load_averages', 'system_uptime', 'uptime_seconds', 'memoryfree', 'memory']) {
      expect(new Set(rounds.map(({ volatile }) => JSON.stringify(volatile[path]))).size, path).toBe(3);
    }
    const changed = parts(documentOfRound(make(), 3, 1, 1));
    expect(changed.content).not.toBe(rounds[2]?.content);
    expect(changed.volatile).toEqual(rounds[2]?.volatile);
  });

  test('are read from NDJSON, blank lines passed over, a bad line named', async () => {
    const ndjson = (...lines: readonly string[]) => readDocuments(Readable.from([lines.join('\n')]));
    const read = await ndjson('{"identity":"a","facts":{"b":1}}', '', '{"identity":"c","facts":{}}');
    expect(read.count).toBe(2);
    expect(read.document(1)).toEqual({ identity: 'c', facts: {} });
    for (const bad of ['{', '[]', '{"identity":1,"facts":{}}', '{"identity":"a"}']) {
      await expect(ndjson('{"identity":"a","facts":{}}', bad)).rejects.toMatchObject({
        code: 'registration_invalid',
        field: 'line 2',
      });
    }
    expect((await readDocuments(Readable.from(['{"identity":"a","facts":{}}\n'.repeat(5)]), 3)).count).toBe(3);
  });

  test('have a key of their own, the same for the same seed', () => {
    expect(simulatedKey(1, 'a').publicKey).toBe(simulatedKey(1, 'a').publicKey);
    const keys = [simulatedKey(1, 'a'), simulatedKey(2, 'a'), simulatedKey(1, 'b')].map((key) => key.publicKey);
    expect(new Set(keys).size).toBe(3);
    expect(keys[0]).toMatch(/^[\w-]{43}$/);
  });

  test('random numbers are spread over the whole range', () => {
    const random = seededRandom(5);
    const numbers = Array.from({ length: 10_000 }, random);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    expect(numbers.reduce((sum, n) => sum + n, 0) / numbers.length).toBeCloseTo(0.5, 1);
  });
});
