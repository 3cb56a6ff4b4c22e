import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMessageOrder, type OrderMark } from '../../agents/message-order.ts';
import { limits, silentLogger } from '../../core/index.ts';
import { recordingLogger } from './log-lines.ts';
import { temporaryDir } from './temporary.ts';

function clockAt(seconds: number) {
  const clock = { seconds, nowMs: () => clock.seconds * 1000 };
  return clock;
}

const newer = (a: OrderMark, b: OrderMark): boolean =>
  b.msgtime > a.msgtime || (b.msgtime === a.msgtime && b.sequence > a.sequence);

describe('the order of messages', () => {
  test('grows within a second, over seconds and over restarts', () => {
    const dir = temporaryDir();
    const clock = clockAt(1000);
    let last: OrderMark = { msgtime: 0, sequence: 0 };
    for (let start = 0; start < 3; start++) {
      const order = createMessageOrder(dir, clock, silentLogger());
      for (let i = 0; i < 3; i++) {
        const next = order.next();
        expect(newer(last, next)).toBe(true);
        expect(next.msgtime).toBe(clock.seconds);
        last = next;
        if (i === 1) clock.seconds += 1;
      }
    }
  });

  test('is not written through a link that stands where its draft goes', () => {
    const dir = temporaryDir();
    const elsewhere = join(temporaryDir(), 'elsewhere');
    writeFileSync(elsewhere, 'mine');
    symlinkSync(elsewhere, join(dir, 'message-order.json.new'));
    createMessageOrder(dir, clockAt(1000), silentLogger()).next();
    expect(readFileSync(elsewhere, 'utf8')).toBe('mine');
    expect(createMessageOrder(dir, clockAt(1000), silentLogger()).next().sequence).toBe(1);
  });

  test('grows whatever the clock does within the limit, restarts in between', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: -40, max: 400 }), fc.boolean()), { maxLength: 20 }), (steps) => {
        const dir = temporaryDir();
        const clock = clockAt(1_000_000);
        let order = createMessageOrder(dir, clock, silentLogger());
        let last: OrderMark = { msgtime: 0, sequence: 0 };
        for (const [step, restarts] of steps) {
          // Steps back may add up; the limit is against the last message.
          clock.seconds = Math.max(clock.seconds + step, last.msgtime - limits.clockSkewSeconds);
          if (restarts) order = createMessageOrder(dir, clock, silentLogger());
          const next = order.next();
          expect(newer(last, next)).toBe(true);
          expect(next.msgtime).toBeLessThanOrEqual(Math.max(clock.seconds, last.msgtime));
          last = next;
        }
      }),
      { numRuns: 50 },
    );
  });

  test('is never dated further ahead of the clock than a registry takes, and says so once', () => {
    const dir = temporaryDir();
    const clock = clockAt(1_000_000);
    const { logger, lines } = recordingLogger();
    createMessageOrder(dir, clock, logger).next();
    clock.seconds = 900_000;
    const order = createMessageOrder(dir, clock, logger);
    expect(order.next().msgtime).toBe(900_000 + limits.clockSkewSeconds);
    order.next();
    expect(lines).toMatchObject([{ level: 'warn', behindSeconds: 100_000 }]);
  });

  test('is kept in a file of mode 0600', () => {
    const dir = join(temporaryDir(), 'new');
    createMessageOrder(dir, clockAt(1), silentLogger()).next();
    expect(statSync(join(dir, 'message-order.json')).mode & 0o777).toBe(0o600);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  test('starts at the clock where the file is spoilt, and goes on where it cannot be written', () => {
    const dir = temporaryDir();
    writeFileSync(join(dir, 'message-order.json'), '{"msgtime":');
    const { logger, lines } = recordingLogger();
    expect(createMessageOrder(dir, clockAt(5), logger).next()).toEqual({ msgtime: 5, sequence: 0 });
    expect(lines).toMatchObject([{ level: 'warn' }]);

    const blocked = temporaryDir();
    mkdirSync(join(blocked, 'message-order.json.new'));
    const order = createMessageOrder(blocked, clockAt(5), logger);
    expect([order.next(), order.next()]).toEqual([
      { msgtime: 5, sequence: 0 },
      { msgtime: 5, sequence: 1 },
    ]);
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });
});
