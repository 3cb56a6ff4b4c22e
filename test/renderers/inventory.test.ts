import { expect, it } from 'vitest';
import { type InventoryView, renderInventory } from '../../renderers/index.ts';

const view: InventoryView = {
  identity: 'web1.acme.net',
  agents: ['rpcutil', 'discovery', 'probe', 'nrpe'],
  classes: ['settings', 'apache', 'roles::dev_server'],
  collectives: ['mcollective'],
  facts: { virtual: 'kvm', users: ['deploy', 'backup'], networking: { ip: '10.0.0.11' }, customer: 'acme', count: 2 },
  statistics: [
    ['State', 'fresh'],
    ['Main Collective', 'mcollective'],
  ],
};

it('has the sections of mc-inventory', () => {
  expect(renderInventory(view)).toBe(`Inventory for web1.acme.net:

   Server Statistics:
                        State: fresh
              Main Collective: mcollective

   Agents:
      discovery       nrpe            probe
      rpcutil

   Configuration Management Classes:
      apache                         roles::dev_server
      settings

   Facts:
      count => 2
      customer => acme
      networking => {"ip"=>"10.0.0.11"}
      users => ["deploy", "backup"]
      virtual => kvm
`);
});

it('says what a node has not', () => {
  const text = renderInventory({ ...view, agents: [], classes: [], facts: {} });
  expect(text).toContain('   Agents:\n      No agents installed\n');
  expect(text).toContain('   Configuration Management Classes:\n      No classes applied\n');
  expect(text).toContain('   Facts:\n      No facts known\n');
});

it('prints no blank row after full rows', () => {
  const text = renderInventory({ ...view, agents: ['a', 'b', 'c'] });
  expect(text).toContain('      a               b               c\n\n   Configuration');
});

it('lets no fact move the terminal', () => {
  const text = renderInventory({ ...view, facts: { 'k\u001b]0;title\u0007': '\u009b31m' }, classes: ['a\rb'] });
  expect([...text].filter((character) => /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(character))).toEqual([]);
});

it('tells a fact that is wider than the terminal entry by entry, and keeps on a line what fits', () => {
  const facts = {
    os: { name: 'Debian', release: { full: '12.11', major: '12' } },
    mountpoints: { '/': { device: '/dev/vda', options: ['rw', 'relatime'] }, '/boot': { device: '/dev/vdb' } },
    disks: [{ size: '480.00 GiB', model: 'SAMSUNG MZ7LH480' }, 'sr0'],
    key: 'A'.repeat(60),
  };
  expect(renderInventory({ ...view, facts, columns: 52 }).split('   Facts:\n')[1]).toBe(`\
      disks =>
        0 =>
          model => SAMSUNG MZ7LH480
          size => 480.00 GiB
        1 => sr0
      key => ${'A'.repeat(60)}
      mountpoints =>
        / =>
          device => /dev/vda
          options => ["rw", "relatime"]
        /boot => {"device"=>"/dev/vdb"}
      os =>
        name => Debian
        release => {"full"=>"12.11", "major"=>"12"}
`);
  const stock = renderInventory({ ...view, facts });
  expect(stock).toContain('      os => {"name"=>"Debian", "release"=>{"full"=>"12.11", "major"=>"12"}}\n');
});
