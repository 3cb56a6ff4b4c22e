import { describe, expect, it } from 'vitest';
import { checkRight, type Principal, parseSelector, readDestination } from '../../../wire/index.ts';

const who: Readonly<Record<string, Principal>> = {
  node: { kind: 'node', identity: 'web' },
  'node with _': { kind: 'node', identity: 'web_1' },
  registry: { kind: 'registry' },
  client: { kind: 'client', name: 'console.acme.net' },
  anonymous: { kind: 'anonymous' },
};
const everybody = Object.keys(who);

describe('the table of rights', () => {
  const rows: readonly (readonly ['send' | 'subscribe', string, string | undefined, readonly string[]])[] = [
    ['send', '/queue/mcollective.registration', undefined, everybody],
    ['send', '/topic/mcollective.registration.agent', undefined, everybody],
    ['send', '/topic/mcollective.rpcutil.agent', undefined, ['registry', 'client']],
    ['send', '/topic/uk_collective.agents', undefined, ['registry', 'client']],
    ['send', '/queue/mcollective.nodes', undefined, ['registry', 'client']],
    ['send', '/queue/mcollective.reply.console.acme.net_123.1', undefined, ['node', 'node with _']],
    ['send', '/queue/anything', undefined, []],
    ['send', '/exchange/mcollective_broadcast/rpcutil', undefined, []],
    ['subscribe', '/queue/mcollective.registration', undefined, ['registry']],
    ['subscribe', '/topic/mcollective.registration.agent', undefined, ['registry']],
    ['subscribe', '/topic/mcollective.rpcutil.agent', undefined, ['node', 'node with _']],
    ['subscribe', '/topic/mcollective.agents', undefined, ['node', 'node with _']],
    ['subscribe', '/queue/mcollective.nodes', undefined, []],
    ['subscribe', '/queue/mcollective.nodes', "mc_identity = 'web'", ['node']],
    ['subscribe', '/queue/mcollective.nodes', "mc_identity = 'WEB'", ['node']],
    ['subscribe', '/queue/mcollective.nodes', "mc_identity = 'web' OR TRUE", []],
    ['subscribe', '/queue/mcollective.nodes', "mc_identity <> 'x'", []],
    ['subscribe', '/queue/mcollective.nodes', "mc_sender = 'web'", []],
    ['subscribe', '/queue/mcollective.reply.web_1.1', undefined, ['node']],
    ['subscribe', '/queue/mcollective.reply.web_1_7.1', undefined, ['node with _']],
    ['subscribe', '/queue/mcollective.reply.registry_7.1', undefined, ['registry']],
    ['subscribe', '/queue/mcollective.reply.console.acme.net_4711.2', undefined, ['client']],
    ['subscribe', '/queue/mcollective.reply.', undefined, []],
    ['subscribe', '/queue/mcollective.reply._1.1', undefined, []],
    ['subscribe', '/topic/>', undefined, []],
    ['subscribe', '/topic/*', undefined, []],
    ['subscribe', '/queue/mcollective.nodes\n', "mc_identity = 'web'", []],
  ];
  for (const [act, destination, selector, allowed] of rows) {
    it(`lets ${allowed.join(', ') || 'nobody'} ${act} to ${JSON.stringify(destination)} ${selector ?? ''}`, () => {
      const may = everybody.filter((name) => {
        try {
          checkRight(
            act,
            who[name] as Principal,
            destination,
            selector === undefined ? undefined : parseSelector(selector),
          );
          return true;
        } catch (error) {
          expect(error).toMatchObject({ code: 'broker_refused', field: 'destination' });
          return false;
        }
      });
      expect(may).toEqual(allowed);
    });
  }

  it('knows collective and owner of a destination', () => {
    expect(readDestination('/queue/uk_collective.reply.db_1.acme.net_12.3')).toEqual({
      kind: 'replies',
      collective: 'uk_collective',
      owner: 'db_1.acme.net',
    });
  });
});
