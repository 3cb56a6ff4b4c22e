import type { ServiceClient } from '../client/index.ts';
import { isJsonObject, type JsonObject } from '../core/index.ts';

const PAGE = 1000;

/** Everything of a paged list of the administration routes: `path` answers with `name` and `next`. */
export async function* allPages(client: ServiceClient, path: string, name: string): AsyncGenerator<JsonObject> {
  let after: unknown;
  do {
    const from = typeof after === 'string' ? `&after=${encodeURIComponent(after)}` : '';
    const answer = (await client.admin('GET', `${path}?limit=${PAGE}${from}`)) as JsonObject;
    const page = answer[name];
    if (Array.isArray(page)) yield* page.filter(isJsonObject);
    after = answer.next;
  } while (typeof after === 'string');
}

/** {@link allPages} as one list. */
export async function allOf(client: ServiceClient, path: string, name: string): Promise<readonly JsonObject[]> {
  const list: JsonObject[] = [];
  for await (const one of allPages(client, path, name)) list.push(one);
  return list;
}
