import { node } from '../test/data/fleet.mjs';
import { generateSigningKey, type Message, registrationQueue, sealMessage } from '../wire/index.ts';
import { sendFrame } from './stomp-load.ts';

const QUEUE = registrationQueue('mcollective');
let sequence = 0;

/** Nodes of a bench: keys and documents made once, frames for each round. */
export interface Senders {
  /** Signed frames of every node; content differs by `content`, volatile facts by `moment`. */
  frames(content: number, moment: number): readonly Buffer[];
}

/** Makes `nodes` senders whose documents are the fleet's from `from` on, under names of their own. */
export function makeSenders(nodes: number, from: number): Senders {
  const made = Array.from({ length: nodes }, (_, i) => {
    const document = node(from + i);
    return { document: { ...document, identity: `signed-${document.identity}` }, key: generateSigningKey() };
  });
  return {
    frames: (content, moment) =>
      made.map(({ document, key }) => {
        sequence += 1;
        const body = JSON.parse(JSON.stringify(document));
        Object.assign(body, { interval: 300 });
        moveVolatile(body.facts, moment);
        body.facts.deployed = `release-${content}`;
        const message: Message = {
          kind: 'request',
          requestid: sequence.toString(16).padStart(32, '0'),
          senderid: document.identity,
          callerid: `node=${document.identity}`,
          agent: 'registration',
          collective: 'mcollective',
          target: QUEUE,
          filter: { fact: [], cf_class: [], agent: ['registration'], identity: [], compound: [] },
          msgtime: Math.floor(Date.now() / 1000),
          sequence,
          ttl: 86_400,
          body,
        };
        return sendFrame(QUEUE, sealMessage(message, key), `r${sequence}`);
      }),
  };
}

/** The documents of the fleet as NDJSON, content and volatile facts as {@link Senders.frames} has them. */
export function fleetLines(nodes: number, content: number, moment: number): string[] {
  return Array.from({ length: nodes }, (_, i) => {
    const body = JSON.parse(JSON.stringify(node(i)));
    if (moment > 0) moveVolatile(body.facts, moment);
    if (content > 0) body.facts.deployed = `release-${content}`;
    return `${JSON.stringify(body)}\n`;
  });
}

/** Gives every volatile fact of a fleet document another value. */
function moveVolatile(facts: Record<string, unknown>, moment: number): void {
  facts.uptime_seconds = Number(facts.uptime_seconds) + moment;
  facts.uptime_days = Number(facts.uptime_days) + moment;
  const moved = facts as unknown as {
    system_uptime: Record<string, unknown>;
    load_averages: Record<string, number>;
    memory: { system: Record<string, unknown> };
    mountpoints: Record<string, Record<string, unknown>>;
  };
  moved.system_uptime = { days: moment, hours: moment * 24, seconds: moment * 86_400, uptime: `${moment} days` };
  for (const key of Object.keys(moved.load_averages)) moved.load_averages[key] = moment + 0.25;
  Object.assign(moved.memory.system, {
    used: `${moment}.00 GiB`,
    used_bytes: moment * 2 ** 30,
    available_bytes: moment * 2 ** 20,
    capacity: `${moment}%`,
  });
  for (const mount of Object.values(moved.mountpoints)) mount.used_bytes = moment * 4096;
}
