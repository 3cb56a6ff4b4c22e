import type { Installed } from '../../test/acceptance/installed.ts';
import { below, count, type Figure, spreadOf } from '../figures.ts';
import { httpLoad } from '../http-load.ts';
import { lookupPath } from '../questions.ts';
import { startSteadySender } from '../steady-sender.ts';

/** 100,000 nodes every 300 s, and nine times as many. */
const RATES = [333, 3000];
const SECONDS = 8;
const SENDERS = 3000;
/** Where the nodes begin in the fleet, for each rate others. */
const FROM = 700_000;
/** The share of the rate that must be reached for the figure to count. */
const REACHED = 0.97;

/** Lookups while nodes register at a steady rate. */
export async function mixed(muster: Installed): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [i, perSecond] of RATES.entries()) figures.push(...(await atRate(muster, perSecond, FROM + i * SENDERS)));
  return figures;
}

async function atRate(muster: Installed, perSecond: number, from: number): Promise<Figure[]> {
  const lookups = { port: muster.httpPort, clients: 2, path: lookupPath, pauseMs: 1 };
  const order = { port: muster.stompPort, senders: SENDERS, from, perSecond, seconds: SECONDS };
  const send = await startSteadySender(order);
  await httpLoad({ ...lookups, seconds: 2 });
  const sending = send();
  const { durations } = await httpLoad({ ...lookups, seconds: SECONDS });
  const reached = await sending;
  process.stderr.write(
    `${count(reached.perSecond)}/s of ${count(perSecond)}/s reached, ${count(reached.unreceiptedMax)} unreceipted at most\n`,
  );
  const { p99, max } = spreadOf(durations);
  const name = `lookup while ${count(reached.perSecond)}/s register`;
  const figures = [below(`${name}, p99`, p99, 15), below(`${name}, max of ${count(durations.length)}`, max, 50)];
  return reached.perSecond >= perSecond * REACHED ? figures : figures.map((figure) => ({ ...figure, met: false }));
}
