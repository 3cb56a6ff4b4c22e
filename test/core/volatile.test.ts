import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileVolatile, type JsonObject, mergeVolatile, splitVolatile, VOLATILE_FACTS } from '../../core/index.ts';

const rules = compileVolatile(VOLATILE_FACTS);

describe('volatile facts', () => {
  it('are taken out by the built-in list and put back by merging', () => {
    const facts: JsonObject = {
      customer: 'acme',
      uptime_seconds: 5,
      uptime: '5 s',
      load_averages: { '1m': 0.5 },
      memory: { system: { total_bytes: 10, used_bytes: 3, available_bytes: 7, capacity: '30%' } },
      mountpoints: { '/': { device: 'x', used: '1', available_bytes: 2, capacity: '1%' } },
      processors: { count: 2, speed: '2 GHz' },
    };
    const { facts: kept, volatile } = splitVolatile(facts, rules);
    expect(kept).toEqual({
      customer: 'acme',
      load_averages: {},
      memory: { system: { total_bytes: 10 } },
      mountpoints: { '/': { device: 'x' } },
      processors: { count: 2 },
    });
    expect(volatile).toEqual({
      uptime_seconds: 5,
      uptime: '5 s',
      load_averages: { '1m': 0.5 },
      memory: { system: { used_bytes: 3, available_bytes: 7, capacity: '30%' } },
      mountpoints: { '/': { used: '1', available_bytes: 2, capacity: '1%' } },
      processors: { speed: '2 GHz' },
    });
    expect(mergeVolatile(kept, volatile)).toEqual(facts);
  });

  it('leave the input untouched, and give it back itself where nothing moves', () => {
    const facts = Object.freeze({ customer: 'acme', os: Object.freeze({ name: 'Debian' }) });
    expect(splitVolatile(facts, rules).facts).toBe(facts);
  });

  it('split and merged are the same facts, whatever they are', () => {
    const key = fc.constantFrom('memory', 'system', 'used', 'used_bytes', 'uptime', 'x', '/', 'mountpoints');
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.dictionary(key, fc.oneof(fc.integer(), fc.array(fc.integer(), { maxLength: 2 }), tie('tree')), {
        maxKeys: 4,
      }),
    }));
    fc.assert(
      fc.property(tree, (facts) => {
        const split = splitVolatile(facts as JsonObject, rules);
        expect(mergeVolatile(split.facts, split.volatile)).toEqual(facts);
      }),
    );
  });

  it('are extended by patterns that may quote a part', () => {
    const own = compileVolatile(['"app.state".*', 'counter*']);
    expect(splitVolatile({ 'app%2Estate': { a: 1 }, counter_x: 2, other: 3 }, own)).toEqual({
      facts: { 'app%2Estate': {}, other: 3 },
      volatile: { 'app%2Estate': { a: 1 }, counter_x: 2 },
    });
  });
});
