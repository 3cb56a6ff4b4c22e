import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountOf, CannedService, call } from './canned-service.ts';

let service: CannedService;
const NODES = ['db1.acme.net', 'web1.acme.net'];

beforeAll(async () => {
  service = await CannedService.start(({ path, body, method }) => {
    const asked = body === '' ? {} : JSON.parse(body);
    if (path === '/v1/query/nodes') {
      if (asked.filter === 'nobody') {
        const otherType = [{ path: 'facts.cores', operator: '$gt', asked: 'number', met: ['string'], nodes: 4 }];
        return {
          body: { nodes: [], next: null, totalCount: 0, account: accountOf({ notMatched: 5, unknown: 4, otherType }) },
        };
      }
      if (asked.filter === 'refused') {
        const error = { code: 'query_syntax', message: 'query: a value is missing', offset: 3, remedy: 'See the page' };
        return { status: 400, body: error };
      }
      // Two pages of one node each.
      const at = asked.after === 'second' ? 1 : 0;
      const node = {
        identity: NODES[at],
        lastseen: 1_788_999_940,
        age: 60 + at,
        state: 'fresh',
        'facts.os.name': 'Debian',
      };
      const fields = Object.fromEntries(Object.entries(node).filter(([name]) => asked.fields.includes(name)));
      const account = accountOf({ matched: 2, unknown: 1 });
      return { body: { nodes: [fields], next: at === 0 ? 'second' : null, totalCount: 2, account } };
    }
    if (path === '/v1/query/facets') {
      const values = [{ value: 'Debian', count: 2 }];
      const facet = { path: asked.path[0], values, distinct: 1, absent: 1 };
      return { body: { facets: [facet], account: accountOf({ matched: 3 }) } };
    }
    if (method === 'GET' && path === '/v1/nodes/db1.acme.net') {
      return {
        body: { identity: 'db1.acme.net', facts: { os: 'Debian' }, classes: ['mysql'], lastseen: 1_788_999_940 },
      };
    }
    return undefined;
  });
});

afterAll(() => service.stop());

const ask = (name: string, ...argv: string[]) => call(name, argv, { url: service.url });

describe('muster find', () => {
  it('prints every page of identities and nothing else', async () => {
    expect(await ask('muster', 'find')).toEqual({ status: 0, stdout: 'db1.acme.net\nweb1.acme.net\n', stderr: '' });
  });

  it('is mc-find and mc-find-hosts too', async () => {
    for (const name of ['mc-find', 'mc-find-hosts'])
      expect((await ask(name)).stdout).toBe('db1.acme.net\nweb1.acme.net\n');
  });

  it('sends every filter flag of MCollective, short and long', async () => {
    await ask(
      'mc-find',
      '-W',
      'a=b cls',
      '-S',
      'x=y',
      '-S',
      'z',
      '-F',
      'f=1',
      '-C',
      '/c/',
      '-A',
      'rpcutil',
      '-I',
      'n1',
      '-I',
      'n2',
      '-T',
      'uk',
    );
    expect(service.lastBody).toEqual({
      filter: 'a=b cls',
      select: '(x=y) and (z)',
      fact: ['f=1'],
      class: ['/c/'],
      agent: ['rpcutil'],
      identity: ['n1', 'n2'],
      query: { collectives: { $in: ['uk'] } },
      fields: ['identity'],
      limit: 1000,
      after: 'second',
    });
    await ask(
      'mc-find',
      '--wf',
      'f=1',
      '--with-fact',
      'g=2',
      '--wc',
      'c',
      '--with-class',
      'd',
      '--wa',
      'a',
      '--wi',
      'i',
    );
    expect(service.lastBody).toMatchObject({ fact: ['f=1', 'g=2'], class: ['c', 'd'], agent: ['a'], identity: ['i'] });
    await ask(
      'mc-find',
      '--with',
      'a',
      '--with',
      'b=c',
      '--select=s',
      '--target=t',
      '--with-agent=x',
      '--with-identity=y',
    );
    expect(service.lastBody).toMatchObject({ filter: 'a b=c', select: 's', agent: ['x'], identity: ['y'] });
  });

  it('reads bare words as -W', async () => {
    await ask('mc-find', 'customer=acme', 'apache');
    expect(service.lastBody).toMatchObject({ filter: 'customer=acme apache' });
  });

  it('ends with 1 where nobody matched, and says of how many it cannot tell', async () => {
    const { status, stdout, stderr } = await ask('mc-find', '-W', 'nobody');
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('9 nodes: 0 matched, 5 did not, 4 cannot be told');
    expect(stderr).toContain('4 nodes have facts.cores as string, $gt asked for number');
    expect((await ask('mc-find', '-q', '-W', 'nobody')).stderr).toBe('');
  });

  it('gives the account and the ages on standard error with -v', async () => {
    const { stdout, stderr } = await ask('mc-find', '-v');
    expect(stdout).toBe('db1.acme.net\nweb1.acme.net\n');
    expect(stderr).toBe('3 nodes: 2 matched, 0 did not, 1 cannot be told\nLast heard 1m to 1m 1s ago\n');
  });

  it('prints nodes and account as JSON', async () => {
    const { stdout, stderr } = await ask('mc-find', '--json');
    const answer = JSON.parse(stdout);
    expect(Object.keys(answer)).toEqual(['nodes', 'account']);
    expect(answer.nodes).toEqual([
      { identity: 'db1.acme.net', lastseen: 1_788_999_940, age: 60, state: 'fresh' },
      { identity: 'web1.acme.net', lastseen: 1_788_999_940, age: 61, state: 'fresh' },
    ]);
    expect(Object.keys(answer.account).sort()).toEqual(
      ['matched', 'matchedThoughUnknown', 'missing', 'notMatched', 'otherType', 'total', 'unknown'].sort(),
    );
    expect(stderr).toBe('');
  });

  it('prints an error of the service with code and remedy, without a stack', async () => {
    const { status, stdout, stderr } = await ask('mc-find', '-W', 'refused');
    expect(status).toBe(64);
    expect(stdout).toBe('');
    expect(stderr).toBe('mc-find: query: a value is missing (query_syntax)\n  See the page\n');
  });
});

describe('muster query', () => {
  it('sends its document as it was written', async () => {
    const seed = "{'facts.customer': 'acme', 'facts.environment':development, classes: 'mysql::master'}";
    const { status, stdout } = await ask('muster', 'query', seed);
    expect(service.lastBody).toMatchObject({ query: seed });
    expect(stdout).toBe('db1.acme.net\nweb1.acme.net\n');
    expect(status).toBe(0);
  });

  it('wants exactly one document', async () => {
    expect((await ask('muster', 'query')).status).toBe(64);
    expect((await ask('muster', 'query', '{a:', '1}')).stderr).toContain('usage');
  });
});

describe('mc-facts', () => {
  it('prints the report of a fact, whatever way its path is written', async () => {
    for (const fact of ['os.name', 'facts.os.name']) {
      const { status, stdout, stderr } = await ask('mc-facts', fact);
      expect(service.lastBody).toMatchObject({ path: ['facts.os.name'] });
      expect(stdout).toBe(`Report for fact: ${fact}\n\n        ${'Debian'.padEnd(40)} found 2 times\n`);
      expect(stderr).toBe('');
      expect(status).toBe(0);
    }
  });

  it('quotes parts that hold dots and commas', async () => {
    await ask('mc-facts', 'net."eth0.100"."a,b"');
    expect(service.lastBody).toMatchObject({ path: ['facts.net."eth0.100"."a,b"'] });
  });

  it('lists the nodes with -v', async () => {
    const { stdout, stderr } = await ask('mc-facts', 'os.name', '-v');
    expect(stderr).toContain('Finished processing 2 / 2 hosts');
    expect(stdout).toContain('            db1.acme.net\n            web1.acme.net\n');
  });

  it('prints values and account as JSON', async () => {
    const { stdout } = await ask('mc-facts', 'os.name', '--json');
    expect(JSON.parse(stdout)).toEqual({
      fact: 'os.name',
      values: [{ value: 'Debian', count: 2 }],
      absent: 1,
      account: accountOf({ matched: 3 }),
    });
  });

  it('refuses a path that cannot be read', async () => {
    const { status, stderr } = await ask('mc-facts', 'os..name');
    expect(status).toBe(64);
    expect(stderr).toContain('fact_path_invalid');
  });
});

describe('mc-inventory', () => {
  it('shows a node', async () => {
    const { status, stdout } = await ask('mc-inventory', 'db1.acme.net');
    expect(stdout).toContain('Inventory for db1.acme.net:');
    expect(stdout).toContain('Last Seen: 2026-09-09 15:59:00 +0000'.slice(0, 10));
    expect(stdout).toContain('(1m ago)');
    expect(stdout).toContain('      os => Debian\n');
    expect(status).toBe(0);
  });

  it('wants one node with a name', async () => {
    expect((await ask('mc-inventory')).status).toBe(64);
    expect((await ask('mc-inventory', 'not a name')).stderr).toContain('identity_invalid');
  });
});
