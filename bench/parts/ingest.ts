import type { Installed } from '../../test/acceptance/installed.ts';
import { type Figure, ms, reaching, spreadOf } from '../figures.ts';
import type { Fleet, Round } from '../fleet.ts';
import { ndjsonLoad } from '../ndjson-load.ts';
import { pathOf } from '../questions.ts';
import { medianOfRounds, ROUNDS } from '../rounds.ts';
import { makeSenders } from '../senders.ts';
import { openStomp } from '../stomp-load.ts';

/** Nodes of one round. */
const NDJSON_NODES = 20_000;
const STOMP_NODES = 10_000;
/** Signed frames that may be under way at once. */
const WINDOW = 1000;
/** Where the signed nodes begin in the fleet, beyond all that are imported. */
const STOMP_FROM = 500_000;
const SINGLES = 200;

/** Each round has volatile facts of its own; the content moves on in the first rounds and stays in the later. */
const changedRound = (round: number): Round => ({ content: round, moment: round });
const unchangedRound = (round: number): Round => ({ content: ROUNDS, moment: round });
const CHANGED_FROM = 1;
const UNCHANGED_FROM = CHANGED_FROM + ROUNDS;

/** Registrations by token as NDJSON, then signed over STOMP; a median of rounds each. */
export async function ingest(muster: Installed, nodes: number, fleet: Fleet): Promise<Figure[]> {
  return [...(await byToken(muster, Math.min(nodes, NDJSON_NODES), fleet)), ...(await signed(muster, nodes))];
}

async function byToken(muster: Installed, nodes: number, fleet: Fleet): Promise<Figure[]> {
  const rate = async (expected: 'changed' | 'unchanged', round: Round) => {
    const pieces = fleet.lines(nodes, round);
    const { seconds, report } = await ndjsonLoad(muster, pieces);
    if (report[expected] !== nodes) throw new Error(`Not all ${nodes} were ${expected}: ${JSON.stringify(report)}`);
    return nodes / seconds;
  };
  const changed = await medianOfRounds(CHANGED_FROM, (round) => rate('changed', changedRound(round)));
  const unchanged = await medianOfRounds(UNCHANGED_FROM, (round) => rate('unchanged', unchangedRound(round)));
  return [
    reaching(`NDJSON by token, changed, median of ${ROUNDS}`, changed, 5000),
    reaching(`NDJSON by token, unchanged, median of ${ROUNDS}`, unchanged, 15_000),
  ];
}

async function signed(muster: Installed, stored: number): Promise<Figure[]> {
  const nodes = Math.min(stored, STOMP_NODES);
  const senders = makeSenders(nodes, STOMP_FROM);
  const stomp = await openStomp(muster.stompPort);
  /** From the first frame on the socket to the last receipt. */
  const rate = async (expected: 'inserted' | 'changed' | 'unchanged', round: Round) => {
    const frames = senders.frames(() => round);
    const before = await taken(muster, expected);
    const seconds = await stomp.sendAll(frames, WINDOW);
    const more = (await taken(muster, expected)) - before;
    if (more !== nodes) throw new Error(`${more} of ${nodes} signed registrations were ${expected}`);
    return nodes / seconds;
  };
  const inserted = await rate('inserted', changedRound(0));
  const changed = await medianOfRounds(CHANGED_FROM, (round) => rate('changed', changedRound(round)));
  await assertVisible(muster, nodes);
  const unchanged = await medianOfRounds(UNCHANGED_FROM, (round) => rate('unchanged', unchangedRound(round)));
  const single: number[] = [];
  for (const frame of senders.frames(() => changedRound(UNCHANGED_FROM + ROUNDS)).slice(0, SINGLES)) {
    single.push((await stomp.sendAll([frame], 1)) * 1000);
  }
  stomp.close();
  return [
    { name: 'signed over STOMP, new keys and nodes, one round', value: rateOf(inserted) },
    reaching(`signed over STOMP, changed, median of ${ROUNDS}`, changed, 2500),
    reaching(`signed over STOMP, unchanged, median of ${ROUNDS}`, unchanged, 5000),
    { name: 'one signed registration, from its frame to its receipt, p50', value: ms(spreadOf(single).p50) },
  ];
}

const rateOf = (perSecond: number): string => reaching('', perSecond, 0).value;

/** So many registrations over STOMP had this outcome since the server started. */
async function taken(muster: Installed, outcome: string): Promise<number> {
  const { body } = await muster.get('/metrics');
  const labels = /^muster_registrations_total\{(.*)\} (\d+)$/gm;
  return [...body.matchAll(labels)]
    .filter(([, label]) => label?.includes('via="stomp"') && label.includes(`outcome="${outcome}"`))
    .reduce((sum, [, , value]) => sum + Number(value), 0);
}

/** What had its receipt must be in the next answer. */
async function assertVisible(muster: Installed, nodes: number): Promise<void> {
  const query = { 'facts.deployed': `release-${ROUNDS}`, identity: { $regex: '^signed-' } };
  const { body } = await muster.get(pathOf(query, { limit: '1' }));
  const { matched } = JSON.parse(body).account;
  if (matched !== nodes) throw new Error(`${matched} of ${nodes} signed nodes are visible`);
}
