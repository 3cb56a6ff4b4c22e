import { request } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { IntakeReport } from '../registry/index.ts';
import type { Installed } from '../test/acceptance/installed.ts';

/** What a server made of the registrations of one request. */
export interface NdjsonLoad {
  /** From the request written to the answer read. */
  readonly seconds: number;
  readonly report: IntakeReport;
}

/** Registers pieces of NDJSON in one request by the administrator's token. */
export async function ndjsonLoad(muster: Installed, pieces: readonly Buffer[]): Promise<NdjsonLoad> {
  const started = performance.now();
  const { status, body } = await new Promise<{ status: number | undefined; body: string }>((done, fail) => {
    const asking = request(
      {
        host: '127.0.0.1',
        port: muster.httpPort,
        method: 'POST',
        path: '/v1/registrations',
        headers: { 'content-type': 'application/x-ndjson', authorization: `Bearer ${muster.adminToken}` },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => done({ status: answer.statusCode, body: Buffer.concat(chunks).toString() }));
      },
    ).on('error', fail);
    const writeFrom = (start: number): void => {
      for (let i = start; i < pieces.length; i++) {
        if (!asking.write(pieces[i])) {
          asking.once('drain', () => writeFrom(i + 1));
          return;
        }
      }
      asking.end();
    };
    writeFrom(0);
  });
  if (status !== 200) throw new Error(`The import was answered by ${status}: ${body}\n${muster.log}`);
  return { seconds: (performance.now() - started) / 1000, report: JSON.parse(body) };
}
