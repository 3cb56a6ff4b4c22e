import type { FacetsAnswer, Question, ServiceClient } from '../../client/index.ts';
import { type Account, type FieldPath, factPath, type Json } from '../../core/index.ts';
import { type FactCount, renderAccount, renderFactReport } from '../../renderers/index.ts';
import { tellNobody } from '../account-words.ts';
import { defineCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import { exitStatuses } from '../exit-status.ts';
import { type CommonOptions, connect, declareCommon, readCommon } from '../flags/common.ts';
import { declareFilters, readFilters } from '../flags/filters.ts';
import type { CommandIo } from '../io.ts';

/** What `mc-facts` is asked. */
export interface FactsOptions extends CommonOptions {
  readonly path: FieldPath;
  /** The fact as it was written. */
  readonly fact: string;
  readonly question: Question;
}

/** `muster facts FACT`, `mc-facts FACT`: how often each value of a fact stands among the nodes that match. */
export const facts = defineCommand<FactsOptions>({
  name: 'facts',
  seedNames: ['mc-facts'],
  summary: 'Count the values of a fact',
  usage: '<fact>',
  examples: ['% os.name', '% productname -W "customer=acme" -v', '% \'networking.interfaces."eth0.100".ip\''],
  declare(command) {
    declareFilters(command);
    declareCommon(command);
  },
  read({ words, flags }) {
    const [fact, ...more] = words;
    if (fact === undefined || more.length > 0)
      throw new CliError('usage', `One fact was expected, ${words.length} came`);
    return { ...readCommon(flags), fact, path: factPath(fact, 'fact'), question: readFilters(flags) };
  },
  async run(options, io) {
    const client = await connect(options, io);
    const counted = options.verbose ? await countNodes(client, options) : await countValues(client, options);
    return print(options, counted, io);
  },
});

/** Values a facets answer holds; beyond, the nodes themselves are counted. */
const FACET_VALUES = 1000;

interface Counted {
  readonly values: readonly FactCount[];
  /** Matching nodes that have no such fact. */
  readonly absent: number;
  readonly account: Account;
}

async function countValues(client: ServiceClient, options: FactsOptions): Promise<Counted> {
  const path = pathText(options.path);
  const { facets, account } = await client.facets({ ...options.question, path: [path], limit: FACET_VALUES });
  const [facet] = facets as [FacetsAnswer['facets'][number]];
  if (facet.distinct > facet.values.length) return countNodes(client, options);
  return { values: facet.values, absent: facet.absent, account };
}

async function countNodes(client: ServiceClient, options: FactsOptions): Promise<Counted> {
  const path = pathText(options.path);
  const found = new Map<string, { value: Json; nodes: string[] }>();
  let absent = 0;
  const pages = client.allNodes({ ...options.question, fields: ['identity', path] });
  for (;;) {
    const next = await pages.next();
    if (next.done === true) {
      const values = [...found.values()].map(({ value, nodes }) => ({ value, count: nodes.length, nodes }));
      return { values: options.verbose ? values : values.map(withoutNodes), absent, account: next.value };
    }
    const value = next.value[path];
    if (value === undefined) absent += 1;
    // As the service's facets do, an array counts once for each of its elements.
    for (const each of value === undefined ? [] : elementsOf(value)) {
      const key = JSON.stringify(each);
      const entry = found.get(key) ?? { value: each, nodes: [] };
      entry.nodes.push(String(next.value.identity));
      found.set(key, entry);
    }
  }
}

function elementsOf(value: Json): readonly Json[] {
  if (!Array.isArray(value)) return [value];
  return [...new Map(value.map((each) => [JSON.stringify(each), each])).values()];
}

function withoutNodes({ value, count }: FactCount): FactCount {
  return { value, count };
}

/** A path as the service takes it in a list: commas part the list, so they are quoted too. */
function pathText(path: FieldPath): string {
  return path.map((part) => (/^[\w:-]+$/.test(part) ? part : JSON.stringify(part))).join('.');
}

function print(options: FactsOptions, { values, absent, account }: Counted, io: CommandIo): number {
  const { fact } = options;
  if (options.json) io.stdout.write(`${JSON.stringify({ fact, values, absent, account }, null, 2)}\n`);
  if (account.matched === 0) {
    if (!options.quiet) tellNobody(account, io);
    return exitStatuses.nobody.status;
  }
  if (!options.json) io.stdout.write(renderFactReport({ fact, values }));
  // People want to see how many were asked; a script has its answer already.
  if ((io.stderr.isTTY === true && !options.quiet) || options.verbose) {
    io.stderr.write(`\nFinished processing ${account.matched - absent} / ${account.matched} hosts\n`);
  }
  if (options.verbose) io.stderr.write(renderAccount({ account }));
  return exitStatuses.ok.status;
}
