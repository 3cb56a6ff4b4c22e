import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { createLogger } from '../../../core/index.ts';
import { createBroker } from '../../../wire/index.ts';

it('a flood of bad connections leaves ten lines and a count in the log', async () => {
  const destination = new PassThrough();
  let text = '';
  destination.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const broker = createBroker({ host: '127.0.0.1', port: 0, logger: createLogger({ level: 'info', destination }) });
  const { port } = await broker.listen();
  const knocks = Array.from({ length: 60 }, () => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => {});
    socket.resume();
    socket.end('GET / HTTP/1.1\r\n\r\n');
    return new Promise((resolve) => socket.once('close', resolve));
  });
  await Promise.all(knocks);
  await broker.close();
  const lines = text.split('\n').filter((line) => line.includes('frame_malformed'));
  expect(lines.filter((line) => line.includes('A connection is closed'))).toHaveLength(10);
  expect(JSON.parse(lines.at(-1) as string)).toMatchObject({ code: 'frame_malformed', count: 50 });
});
