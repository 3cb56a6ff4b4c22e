import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonSplitter } from '../../../registry/consumers/split-json.ts';
import { LineSplitter, type Splitter } from '../../../registry/consumers/split-lines.ts';

/** What a splitter gives for a text that arrives in these chunks. */
function cut(splitter: Splitter, chunks: readonly Uint8Array[]): string[] {
  const pieces = [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
  return pieces.map(({ line, bytes, size }) => `${line}:${size}:${Buffer.from(bytes).toString('latin1').trim()}`);
}

function everyCut(text: string, make: () => Splitter): void {
  const bytes = Buffer.from(text);
  const whole = cut(make(), [bytes]);
  for (let at = 0; at <= bytes.length; at++) {
    expect(cut(make(), [bytes.subarray(0, at), bytes.subarray(at)]), `cut at ${at}`).toEqual(whole);
  }
  expect(
    cut(
      make(),
      Array.from(bytes, (byte) => Uint8Array.of(byte)),
    ),
    'byte by byte',
  ).toEqual(whole);
}

describe('lines', () => {
  const lines = () => new LineSplitter(20);

  it('are the same wherever the stream is cut', () => {
    everyCut('{"a":1}\r\n\n  \n{"b":"é😀"}\n{"far too long for the bound":1}\n{"c":2}', lines);
    everyCut('', lines);
    everyCut('\n\n', lines);
  });

  it('are numbered as an editor does, blank ones counted and left out, long ones cut', () => {
    expect(cut(lines(), [Buffer.from('a\n\nb\r\n0123456789012345678901234\nc')])).toEqual([
      '1:1:a',
      '3:2:b',
      '4:25:01234567890123456789',
      '5:1:c',
    ]);
  });

  it('hold no more than the bound of a line without end', () => {
    const splitter = lines();
    for (let i = 0; i < 1000; i++) expect(splitter.push(Buffer.alloc(1000, 0x61))).toEqual([]);
    expect(splitter.open).toBe(1_000_000);
    expect(splitter.end()).toMatchObject([{ size: 1_000_000, bytes: { length: 20 } }]);
  });
});

describe('one JSON text', () => {
  const elements = () => new JsonSplitter(40);

  it('is the same wherever the stream is cut', () => {
    everyCut(' [ {"a":[1,"]"]} , {"b":"\\"}],{é"} ,3, "x,y" ] ', elements);
    everyCut('[{"a":1},{"b":"far too long for the bound, with , and ] inside"},{"c":3}]', elements);
    everyCut('{"a":[1,2]}', elements);
    everyCut('[]', elements);
    everyCut('', elements);
  });

  it('is cut into the elements of an array, or is one piece', () => {
    const of = (text: string) =>
      cut(elements(), [Buffer.from(text)]).map((piece) => piece.split(':').slice(2).join(':'));
    expect(of('[{"a":1},{"b":[2,{"c":3}]}]')).toEqual(['{"a":1}', '{"b":[2,{"c":3}]}']);
    expect(of(' {"a":[1,2]} ')).toEqual(['{"a":[1,2]}']);
    expect(of('[]')).toEqual([]);
    expect(of('[ ]\n')).toEqual([]);
    expect(of('nonsense, more')).toEqual(['nonsense, more']);
  });

  it('that is an array without end has a last piece that says so', () => {
    const of = (text: string) =>
      cut(elements(), [Buffer.from(text)]).map((piece) => piece.split(':').slice(2).join(':'));
    expect(of('[')).toEqual(['[']);
    expect(of('[{"a":1}')).toEqual(['{"a":1}', '[']);
    expect(of('[{"a":1},')).toEqual(['{"a":1}', '[']);
    expect(of('[{"a":1},{"b"')).toEqual(['{"a":1}', '{"b"']);
    expect(of('[{"a":1}] {"b":2}')).toEqual(['{"a":1}', '{"b":2}']);
    expect(of('[,]')).toEqual(['']);
  });

  it('gives back every array of JSON values, whatever is in them, however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 8 }),
        fc.array(fc.nat(200), { maxLength: 5 }),
        (values, cuts) => {
          const bytes = Buffer.from(JSON.stringify(values, null, 1));
          const places = [0, ...cuts.map((at) => Math.min(at, bytes.length)), bytes.length].sort((a, b) => a - b);
          const splitter = new JsonSplitter(1_000_000);
          const chunks = places.slice(1).map((to, i) => bytes.subarray(places[i], to));
          const pieces = [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
          expect(pieces.map((piece) => JSON.parse(Buffer.from(piece.bytes).toString()))).toEqual(
            JSON.parse(JSON.stringify(values)),
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});
