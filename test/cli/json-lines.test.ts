import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asJsonLines } from '../../cli/json-lines.ts';

async function through(chunks: readonly Buffer[]): Promise<{ documents: unknown[]; counted: number }> {
  let counted = 0;
  const parts: Buffer[] = [];
  const lines = asJsonLines(Readable.from(chunks, { objectMode: false }), () => {
    counted += 1;
  });
  for await (const chunk of lines) parts.push(chunk as Buffer);
  const documents = Buffer.concat(parts)
    .toString()
    .split('\n')
    .filter((line) => line.trim() !== '');
  return { documents: documents.map((line) => JSON.parse(line)), counted };
}

const DOCUMENTS = [
  { identity: 'a', facts: { motto: 'grüße\n' } },
  { identity: 'b', facts: {} },
];
const FORMS: Readonly<Record<string, string>> = {
  'lines, each ended': DOCUMENTS.map((one) => `${JSON.stringify(one)}\n`).join(''),
  'lines, the last not ended': DOCUMENTS.map((one) => JSON.stringify(one)).join('\n'),
  'blank lines before': `\n\n${DOCUMENTS.map((one) => JSON.stringify(one)).join('\r\n')}`,
  'an array on one line': JSON.stringify(DOCUMENTS),
  'an array over several lines': JSON.stringify(DOCUMENTS, null, 2),
};

describe('documents of an import', () => {
  for (const [form, text] of Object.entries(FORMS)) {
    it(`go on one a line from ${form}, wherever the stream is cut`, async () => {
      const bytes = Buffer.from(text);
      for (let at = 0; at <= bytes.length; at++) {
        const { documents } = await through(
          [bytes.subarray(0, at), bytes.subarray(at)].filter((part) => part.length > 0),
        );
        expect(documents).toEqual(DOCUMENTS);
      }
      expect((await through([...bytes].map((byte) => Buffer.from([byte])))).documents).toEqual(DOCUMENTS);
    });
  }

  it('may be one document over several lines, or none at all', async () => {
    const one = Buffer.from(JSON.stringify(DOCUMENTS[0], null, 2));
    expect(await through([one])).toEqual({ documents: [DOCUMENTS[0]], counted: 1 });
    expect(await through([Buffer.from(' \n \n')])).toEqual({ documents: [], counted: 0 });
    expect(await through([])).toEqual({ documents: [], counted: 0 });
  });

  it('are counted as they go on', async () => {
    for (const text of [
      FORMS['lines, each ended'],
      FORMS['lines, the last not ended'],
      FORMS['an array on one line'],
    ]) {
      expect((await through([Buffer.from(text as string)])).counted).toBe(2);
    }
  });

  it('go on unchanged where a line is broken: its refusal is the service’s', async () => {
    const text = 'no json\n{"identity":"a"}\n';
    const parts: Buffer[] = [];
    for await (const chunk of asJsonLines(Readable.from([Buffer.from(text)], { objectMode: false }), () => {})) {
      parts.push(chunk as Buffer);
    }
    expect(Buffer.concat(parts).toString()).toBe(text);
  });

  it('are refused by name where an array is broken', async () => {
    await expect(through([Buffer.from('[{"identity":"a"},')])).rejects.toMatchObject({ code: 'message_malformed' });
  });

  it('are the same for any documents, however the bytes are cut', async () => {
    const document = fc.record({ identity: fc.string(), facts: fc.dictionary(fc.string(), fc.jsonValue()) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { minLength: 1, maxLength: 5 }),
        fc.nat(),
        fc.boolean(),
        async (list, cut, lines) => {
          const sent = JSON.parse(JSON.stringify(list)) as unknown[];
          const text = lines ? list.map((one) => JSON.stringify(one)).join('\n') : JSON.stringify(list, null, 1);
          const bytes = Buffer.from(text);
          const at = cut % bytes.length;
          const parts = [bytes.subarray(0, at), bytes.subarray(at)].filter((part) => part.length > 0);
          expect((await through(parts)).documents).toEqual(sent);
        },
      ),
      { numRuns: 200 },
    );
  });
});
