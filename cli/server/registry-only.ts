import type { QueryEngine } from '../../query/index.ts';
import { CliError } from '../errors.ts';

/** The read side of a process that only takes registrations: it answers no question, and says so. */
export function registryOnly(): QueryEngine {
  const refuse = (): never => {
    throw new CliError('route_unknown', 'This process takes registrations alone (muster serve registry)', {
      remedy: 'Ask a muster serve query, or run muster serve',
    });
  };
  const refused = async (): Promise<never> => refuse();
  return {
    answer: refused,
    facets: refused,
    row: refuse,
    documents: refused,
    // Nobody here reads what was written.
    waitFor: async () => {},
    ready: true,
  };
}
