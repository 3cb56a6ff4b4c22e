import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger, systemClock } from '../../../core/index.ts';
import { consumeFromBroker, consumeFromLink, type NodeStore, StoreError } from '../../../registry/index.ts';
import { type Broker, type BrokerLink, createBroker, createBrokerLink, type Delivery } from '../../../wire/index.ts';
import { identity, QUEUE, type RegistryUnderTest, registryForTest, TestNode } from '../registry-for-test.ts';
import { workerFile } from '../worker-file.ts';

let test: RegistryUnderTest;
let broker: Broker;
let address: { readonly host: string; readonly port: number };
let link: BrokerLink;
let storeFault: Error | undefined;
const applied: string[] = [];

beforeAll(async () => {
  const wrap = (store: NodeStore) =>
    new Proxy(store, {
      get(target, key) {
        if (key === 'apply') {
          return async (changes: Parameters<NodeStore['apply']>[0]) => {
            if (storeFault !== undefined) throw storeFault;
            const result = await target.apply(changes);
            applied.push(...result.results.map((one) => one.identity));
            return result;
          };
        }
        const value = Reflect.get(target, key, target) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  test = await registryForTest({ workerFile: workerFile(), wrap });
  broker = createBroker({
    host: '127.0.0.1',
    port: 0,
    boundKeyOf: async () => undefined,
    logger: silentLogger(),
    clock: systemClock,
  });
  consumeFromBroker(broker, { registry: test.registry, collectives: ['mcollective'], logger: silentLogger() });
  address = await broker.listen();
  link = await connect(20_000);
});

async function connect(receiptTimeoutMs: number): Promise<BrokerLink> {
  const made = createBrokerLink({ hosts: [address], logger: silentLogger(), receiptTimeoutMs });
  const up = new Promise<void>((resolve) => {
    made.onState((connected) => connected && resolve());
  });
  made.start();
  await up;
  return made;
}
afterAll(async () => {
  await link.stop();
  await broker.close();
  await test.dispose();
});

describe('a registration sent to the embedded broker', () => {
  it('has its receipt after the store has it', async () => {
    const node = new TestNode('db1.acme.net', test.clock);
    expect((await link.send(QUEUE, node.sealed({ facts: { n: 1 } }))).refused).toBeUndefined();
    expect(applied).toContain('db1.acme.net');
    expect((await test.store.read([identity('db1.acme.net')]))[0]).toMatchObject({
      facts: { n: 1 },
      source: { via: 'stomp', callerid: 'node=db1.acme.net', proof: 'key', serializer: 'json' },
    });
  });

  it('that is refused has a receipt that names the reason, its neighbours go in', async () => {
    const [before, bad, after] = ['n1', 'n2', 'n3'].map((name) => new TestNode(name, test.clock)) as [
      TestNode,
      TestNode,
      TestNode,
    ];
    const receipts = await Promise.all([
      link.send(QUEUE, before.sealed()),
      link.send(QUEUE, bad.sealed({ facts: [] })),
      link.send(QUEUE, after.sealed()),
    ]);
    expect(receipts.map((receipt) => receipt.refused)).toEqual([undefined, 'registration_invalid', undefined]);
  });

  it('that the store could not take has none, and goes in when it is sent again', async () => {
    const sealed = new TestNode('db2.acme.net', test.clock).sealed();
    storeFault = new StoreError('store_unavailable', 'gone');
    const impatient = await connect(500);
    await expect(impatient.send(QUEUE, sealed)).rejects.toMatchObject({ code: 'broker_unreachable' });
    await impatient.stop();
    storeFault = undefined;
    expect((await link.send(QUEUE, sealed)).refused).toBeUndefined();
    expect((await link.send(QUEUE, sealed)).refused).toBeUndefined();
    expect((await test.store.read([identity('db2.acme.net')]))[0]?.revision).toBeGreaterThan(0);
  });

  it('among thousands at once has its own receipt', async () => {
    const nodes = Array.from(
      { length: 3000 },
      (_, i) => new TestNode(`many${i}`, test.clock, (many[i % many.length] as TestNode).key),
    );
    const receipts = await Promise.all(
      nodes.map((node, i) => link.send(QUEUE, node.sealed(i % 3 === 0 ? { facts: 1 } : {}))),
    );
    expect(receipts.every((receipt, i) => receipt.refused === (i % 3 === 0 ? 'registration_invalid' : undefined))).toBe(
      true,
    );
  });
});

// Making a key takes longer than a registration: a few are enough.
const many = Array.from(
  { length: 20 },
  (_, i) => new TestNode(`key${i}`, { seconds: 0 } as RegistryUnderTest['clock']),
);

describe('a registration at a broker elsewhere', () => {
  it('is acked when it is taken or refused for good, and given back when nothing was decided', async () => {
    let deliver: (delivery: Delivery) => void = () => {};
    const elsewhere: Pick<BrokerLink, 'subscribe'> = {
      subscribe(destination, onDelivery, options) {
        expect([destination, options?.ack]).toEqual([QUEUE, 'client-individual']);
        deliver = onDelivery;
        return () => {};
      },
    };
    consumeFromLink(elsewhere, { registry: test.registry, collectives: ['mcollective'], logger: silentLogger() });
    const word = (body: Uint8Array) =>
      new Promise<string>((resolve) => {
        deliver({ destination: QUEUE, headers: {}, body, ack: () => resolve('ack'), nack: () => resolve('nack') });
      });
    const node = new TestNode('far.acme.net', test.clock);
    expect(await word(node.sealed())).toBe('ack');
    expect(await word(Buffer.from('nonsense'))).toBe('ack');
    storeFault = new StoreError('store_unavailable', 'gone');
    expect(await word(node.sealed())).toBe('nack');
    storeFault = undefined;
    expect(await word(node.sealed())).toBe('ack');
  });
});
