import { decodeKeys, type Json, type JsonObject, type NodeDocument } from '../../core/index.ts';
import type { Answer, NodeRow, QueryEngine } from '../answers.ts';
import { cursorOf } from './cursor.ts';
import type { NodeField } from './node-fields.ts';
import { serviceLimits } from './service-limits.ts';

/*
 * JSON written by hand: an answer is mostly names and numbers whose form is known, and writing them straight costs a
 * third of what JSON.stringify costs on objects made for it.
 */

/** One page as JSON, each node an object of the fields asked for; a field that a node does not have is left out. */
export function pageJson(answer: Answer, fields: readonly NodeField[]): string {
  const keys = fields.map((field) => `${JSON.stringify(field.name)}:`);
  let nodes = '';
  for (const row of answer.rows) nodes += `${nodes === '' ? '' : ','}${rowJson(row, fields, keys)}`;
  return envelope(nodes, answer, answer.rows.at(-1), answer.hasNextPage);
}

function rowJson(row: NodeRow, fields: readonly NodeField[], keys: readonly string[]): string {
  let text = '';
  for (let i = 0; i < fields.length; i++) {
    const value = (fields[i] as NodeField).read(row);
    if (value === undefined) continue;
    text += `${text === '' ? '' : ','}${keys[i]}${typeof value === 'number' ? value : JSON.stringify(value)}`;
  }
  return `{${text}}`;
}

/**
 * One page of whole documents as JSON. Written in slices, so that a long page does not hold up other requests. A page ends
 * early, with `next`, where its documents come to more than `charactersMax`.
 */
export async function documentPageJson(
  answer: Answer,
  engine: QueryEngine,
  charactersMax: number = serviceLimits.documentPageCharactersMax,
): Promise<string> {
  const parts: string[] = [];
  let characters = 0;
  let end = 0;
  while (end < answer.rows.length && characters < charactersMax) {
    const rows = answer.rows.slice(end, end + serviceLimits.documentSlice);
    const documents = await engine.documents(rows.map((row) => row.identity));
    for (let i = 0; i < rows.length && characters < charactersMax; i++) {
      end += 1;
      const document = documents[i];
      if (document === undefined) continue;
      const text = JSON.stringify(shownDocument(document, rows[i] as NodeRow));
      characters += text.length;
      parts.push(text);
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return envelope(parts.join(','), answer, answer.rows[end - 1], answer.hasNextPage || end < answer.rows.length);
}

function envelope(nodes: string, answer: Answer, last: NodeRow | undefined, more: boolean): string {
  const next = more && last !== undefined ? `"${cursorOf(last.identity)}"` : 'null';
  const account = JSON.stringify(answer.account);
  return `{"nodes":[${nodes}],"next":${next},"totalCount":${answer.count},"account":${account}}`;
}

/** A document as it is shown: keys as they were sent, age and state beside it. */
export function shownDocument(document: NodeDocument, row: Pick<NodeRow, 'age' | 'state'>): JsonObject {
  return {
    ...(document as unknown as JsonObject),
    // Documents of the original registration have no format and hold their keys as sent.
    ...(document.format === undefined
      ? {}
      : { facts: decodeKeys(document.facts as Json), extra: decodeKeys(document.extra as Json) }),
    age: row.age,
    state: row.state,
  };
}
