import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { generatedDocuments } from '../../../agents/simulate/simulated-documents.ts';
import { simulatedKey } from '../../../agents/simulate/simulated-key.ts';
import { createSimulation, type SimulationDeps, type SimulationOptions } from '../../../agents/simulate/simulation.ts';
import { type JournalEntry, openJournal } from '../../../agents/simulate/simulation-journal.ts';
import type { Registration } from '../../../core/index.ts';
import { type Message, openSealed, verifySealed } from '../../../wire/index.ts';
import { type FaultyLink, faultyLink } from '../faulty-link.ts';
import { temporaryDir } from '../temporary.ts';

function setUp(nodes: number, options: Partial<SimulationOptions> = {}, deps: Partial<SimulationDeps> = {}) {
  const link = faultyLink();
  const simulation = createSimulation({
    links: [link],
    documents: generatedDocuments(nodes, 1),
    options: { collective: 'mcollective', rounds: 1, seed: 1, ...options },
    ...deps,
  });
  return { link, simulation };
}

const messages = (link: FaultyLink): readonly Message[] =>
  link.sent.map(({ body }) => JSON.parse(Buffer.from(openSealed(body).message).toString()) as Message);
const generationOf = (message: Message): number =>
  ((message.body as unknown as Registration).facts.simulation as { generation: number }).generation;

describe('a simulation', () => {
  test('registers every node in every round, signed with the node’s own key, in growing order', async () => {
    const { link, simulation } = setUp(20, { rounds: 3, nodeIntervalSeconds: 300 });
    expect(await simulation.run()).toMatchObject({
      nodes: 20,
      round: 3,
      sent: 60,
      receipted: 60,
      refused: 0,
      resent: 0,
    });
    const last = new Map<string, Message>();
    for (const [i, message] of messages(link).entries()) {
      const sealed = openSealed(link.sent[i]?.body as Uint8Array);
      expect(verifySealed(sealed, simulatedKey(1, message.senderid).publicKey)).toBe(true);
      expect(message).toMatchObject({ callerid: `node=${message.senderid}`, body: { interval: 300 } });
      const before = last.get(message.senderid);
      if (before !== undefined) expect(message.sequence).toBeGreaterThan(before.sequence);
      last.set(message.senderid, message);
    }
    expect(last.size).toBe(20);
  });

  test('signs a whole round first where it is told to, and measures the sending alone', async () => {
    const { link, simulation } = setUp(120, { rounds: 2, presign: true });
    const counts = await simulation.run();
    expect(counts).toMatchObject({ sent: 240, receipted: 240 });
    expect(counts.sendingPerSecond).toBeGreaterThan(counts.perSecond);
    expect(new Set(messages(link).map(({ sequence }) => sequence)).size).toBe(240);
  });

  test('changes the content of its share of nodes alone', async () => {
    const { link, simulation } = setUp(200, { rounds: 2, changedFraction: 0.25 });
    await simulation.run();
    const second = messages(link).slice(200);
    const changed = second.filter((message) => generationOf(message) === 1).length;
    expect(changed).toBeGreaterThan(25);
    expect(changed).toBeLessThan(80);
  });

  test('sends the same bytes again without a receipt, and counts refusals by code', async () => {
    const { link, simulation } = setUp(3, { inFlightMax: 1 });
    link.reactions.push(new Error('lost'), {}, { refused: 'sender_pending' });
    expect(await simulation.run()).toMatchObject({
      sent: 4,
      resent: 1,
      receipted: 2,
      refused: 1,
      refusals: { sender_pending: 1 },
      inFlight: 0,
    });
    expect(Buffer.compare(link.sent[0]?.body as Uint8Array, link.sent[1]?.body as Uint8Array)).toBe(0);
  });

  test('writes a journal line at each receipt, and none for what was refused', async () => {
    const file = join(temporaryDir(), 'journal');
    const journal = openJournal(file);
    const { link, simulation } = setUp(5, { rounds: 2, changedFraction: 1, inFlightMax: 1 }, { journal });
    link.reactions.push({ refused: 'sender_pending' });
    await simulation.run();
    journal.close();
    const lines = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as JournalEntry);
    expect(lines).toHaveLength(9);
    const sent = messages(link).slice(1);
    expect(lines).toEqual(
      sent.map((message, i) => ({
        identity: message.senderid,
        msgtime: message.msgtime,
        sequence: message.sequence,
        round: i < 4 ? 1 : 2,
        generation: generationOf(message),
      })),
    );
    expect(lines.at(-1)).toMatchObject({ round: 2, generation: 1 });
  });

  test('keeps its rate', async () => {
    const { simulation } = setUp(60, { ratePerSecond: 200 });
    const begun = performance.now();
    await simulation.run();
    const elapsed = performance.now() - begun;
    expect(elapsed).toBeGreaterThan(250);
    expect(elapsed).toBeLessThan(10_000);
  });

  test('waits its interval between rounds', async () => {
    const { simulation } = setUp(2, { rounds: 3, intervalMs: 60 });
    const begun = performance.now();
    await simulation.run();
    expect(performance.now() - begun).toBeGreaterThan(110);
  });

  test('has no more on its way than its bound, and stops when told', async () => {
    const { link, simulation } = setUp(50, { inFlightMax: 7 });
    link.reactions.push(...Array.from({ length: 50 }, () => 'silent' as const));
    const running = simulation.run();
    await link.taken(7);
    await new Promise(setImmediate);
    expect(simulation.counts()).toMatchObject({ inFlight: 7, sent: 7 });
    simulation.stop();
    link.break();
    expect(await running).toMatchObject({ sent: 7, receipted: 0 });
  });

  test('tells what it cannot even sign', async () => {
    const documents = { count: 1, document: () => ({ identity: 'a', facts: { text: 'x'.repeat(2 ** 21) } }) };
    const { simulation } = setUp(1, {}, { documents });
    await expect(simulation.run()).rejects.toMatchObject({ code: 'message_too_large' });
  });

  test('a simulation started again within the second speaks for the same nodes, newer', async () => {
    const first = setUp(1, { rounds: 100 });
    await first.simulation.run();
    const second = setUp(1);
    await second.simulation.run();
    const [before, after] = [messages(first.link).at(-1) as Message, messages(second.link)[0] as Message];
    expect(after.senderid).toBe(before.senderid);
    expect(after.msgtime > before.msgtime || after.sequence > before.sequence).toBe(true);
  });
});
