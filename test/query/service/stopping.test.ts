import { get } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { testService } from './fixture.ts';

function gate() {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

async function startHeld(stopTimeoutMs: number) {
  const [entered, release, stopping] = [gate(), gate(), gate()];
  const app = await testService({
    stopTimeoutMs,
    plugins: [
      async (scope) => {
        scope.addHook('preClose', async () => stopping.open());
        scope.get('/held', async () => {
          entered.open();
          await release.opened;
          return { finished: true };
        });
      },
    ],
  });
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  return { app, address, entered, release, stopping };
}

test('a stop lets requests under way finish and takes no new ones', async () => {
  const { app, address, entered, release } = await startHeld(5000);
  const held = fetch(`${address}/held`);
  await entered.opened;
  const closed = app.close();
  const refused = await fetch(`${address}/v1/nodes`).then(
    (answer) => answer.status,
    () => 'no connection',
  );
  expect(refused).toBe('no connection');
  release.open();
  expect(await (await held).json()).toEqual({ finished: true });
  await closed;
});

test('a request on an open connection during a stop is refused as shutting_down', async () => {
  const { app, address, entered, release, stopping } = await startHeld(5000);
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  const ended = new Promise((resolve) => socket.on('close', resolve));
  socket.write('GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await entered.opened;
  const closed = app.close();
  await stopping.opened;
  socket.write('GET /v1/nodes HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const refused = new Promise<void>((resolve) => {
    app.server.once('request', () => setImmediate(resolve));
  });
  await refused;
  release.open();
  await Promise.all([ended, closed]);
  expect(text).toContain('{"finished":true}');
  expect(text).toContain('HTTP/1.1 503 ');
  expect(text).toContain('"code":"shutting_down"');
});

test('a stop is bounded: what does not finish loses its connection', async () => {
  const { app, address, entered, release } = await startHeld(100);
  const held = new Promise((resolve) => get(`${address}/held`, resolve).on('error', (error) => resolve(error)));
  await entered.opened;
  await app.close();
  expect(await held).toBeInstanceOf(Error);
  release.open();
});
