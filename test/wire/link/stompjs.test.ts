import { Client, type IMessage, Versions } from '@stomp/stompjs';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../core/index.ts';
import { createBroker } from '../../../wire/index.ts';
import { TcpStompSocket } from '../../../wire/link/tcp-socket.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('stompjs itself', () => {
  for (const version of ['1.0', '1.1', '1.2'] as const) {
    it(`talks to the broker at ${version}: subscribe, send, receive, acknowledge, leave`, async () => {
      const broker = createBroker({
        host: '127.0.0.1',
        port: 0,
        logger: silentLogger(),
        authenticate: async ({ login }) =>
          login === 'web1' ? { kind: 'node', identity: 'web1' } : { kind: 'client', name: 'rip' },
      });
      cleanups.push(() => broker.close());
      const { port } = await broker.listen();
      const clientOf = async (login: string): Promise<Client> => {
        const client = new Client({
          webSocketFactory: () => new TcpStompSocket({ host: '127.0.0.1', port }),
          stompVersions: new Versions([version]),
          connectHeaders: { login, passcode: 'x' },
          reconnectDelay: 0,
        });
        cleanups.push(() => client.deactivate());
        await new Promise<void>((resolve) => {
          client.onConnect = () => resolve();
          client.activate();
        });
        expect(client.connectedVersion).toBe(version);
        return client;
      };
      const node = await clientOf('web1');
      const rip = await clientOf('rip');
      const replies = '/queue/mcollective.reply.rip_1.1';
      const reply = new Promise<IMessage>((resolve) => {
        rip.subscribe(
          replies,
          (message) => {
            message.ack();
            resolve(message);
          },
          { ack: 'client-individual' },
        );
      });
      node.subscribe(
        '/queue/mcollective.nodes',
        (request) => node.publish({ destination: request.headers['reply-to'] ?? '', binaryBody: request.binaryBody }),
        { selector: "mc_identity = 'web1'" },
      );
      const body = Uint8Array.from([0, 10, 13, 255, 0]);
      rip.publish({
        destination: '/queue/mcollective.nodes',
        headers: { mc_identity: 'web1', 'reply-to': replies },
        binaryBody: body,
      });
      const { headers, binaryBody } = await reply;
      expect([...binaryBody]).toEqual([...body]);
      expect(headers.destination).toBe(replies);
    });
  }
});
