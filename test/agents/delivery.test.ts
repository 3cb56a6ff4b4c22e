import { describe, expect, test } from 'vitest';
import { createDelivery, type DeliveryOptions } from '../../agents/delivery.ts';
import { faultyLink } from './faulty-link.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

function setUp(options: Partial<DeliveryOptions> = {}) {
  const link = faultyLink();
  const delivery = createDelivery({
    link,
    destination: '/queue/test',
    backOff: { firstMs: 1, mostMs: 4 },
    random: () => 0.5,
    ...options,
  });
  const texts = (): string[] => link.sent.map(({ body }) => Buffer.from(body).toString());
  return { link, delivery, texts };
}

describe('delivery', () => {
  test('sends the same bytes again until the receipt comes', async () => {
    const { link, delivery, texts } = setUp();
    link.reactions.push(new Error('lost'), new Error('lost'));
    expect(await delivery.offer(bytes('a'))).toEqual({ kind: 'receipted' });
    expect(texts()).toEqual(['a', 'a', 'a']);
    expect(link.sent[0]?.destination).toBe('/queue/test');
  });

  test('does not send again what was refused', async () => {
    const { link, delivery, texts } = setUp();
    link.reactions.push({ refused: 'identity_owned' });
    expect(await delivery.offer(bytes('a'))).toEqual({ kind: 'refused', code: 'identity_owned' });
    expect(texts()).toEqual(['a']);
  });

  test('lets the newest supersede what waits, and what failed', async () => {
    const { link, delivery, texts } = setUp();
    link.reactions.push('silent');
    const outcomes = [delivery.offer(bytes('a')), delivery.offer(bytes('b')), delivery.offer(bytes('c'))];
    await link.taken(1);
    link.break();
    link.heal();
    expect(await Promise.all(outcomes)).toEqual([
      { kind: 'superseded' },
      { kind: 'superseded' },
      { kind: 'receipted' },
    ]);
    expect(texts()).toEqual(['a', 'c']);
  });

  test('waits for the one on its way before it sends the next: the registry sees them in order', async () => {
    const { delivery, texts } = setUp();
    const outcomes = [delivery.offer(bytes('a')), delivery.offer(bytes('b'))];
    expect(await Promise.all(outcomes)).toEqual([{ kind: 'receipted' }, { kind: 'receipted' }]);
    expect(texts()).toEqual(['a', 'b']);
    expect(delivery.busy).toBe(false);
  });

  test('tries at once when the connection is there again', async () => {
    const { link, delivery } = setUp({ backOff: { firstMs: 60_000, mostMs: 60_000 } });
    link.break();
    const outcome = delivery.offer(bytes('a'));
    await new Promise(setImmediate);
    link.heal();
    expect(await outcome).toEqual({ kind: 'receipted' });
  });

  test('stops without waiting longer than its grace, and settles everything', async () => {
    const { link, delivery } = setUp();
    link.reactions.push('silent');
    const outcomes = [delivery.offer(bytes('a')), delivery.offer(bytes('b'))];
    await link.taken(1);
    await delivery.stop(20);
    expect(await Promise.all(outcomes)).toEqual([{ kind: 'stopped' }, { kind: 'stopped' }]);
    expect(await delivery.offer(bytes('c'))).toEqual({ kind: 'stopped' });
  });

  test('in the back-off stops at once', async () => {
    const { link, delivery } = setUp({ backOff: { firstMs: 60_000, mostMs: 60_000 } });
    link.reactions.push(new Error('lost'));
    const outcome = delivery.offer(bytes('a'));
    await link.taken(1);
    await delivery.stop(60_000);
    expect(await outcome).toEqual({ kind: 'stopped' });
  });
});
