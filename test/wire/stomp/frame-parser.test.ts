import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, type Frame, FrameParser, frameBounds, headersFor, WireError } from '../../../wire/index.ts';

const VERSIONS = ['1.0', '1.1', '1.2'] as const;
type Version = (typeof VERSIONS)[number];

function parse(bytes: Uint8Array, version: Version, pieces: readonly number[] = []): Frame[] {
  const frames: Frame[] = [];
  const parser = new FrameParser({ onFrame: (frame) => frames.push(frame) });
  parser.version = version;
  let at = 0;
  for (const size of pieces) {
    parser.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  parser.push(Buffer.from(bytes.subarray(at)));
  return frames;
}

function refusal(bytes: Uint8Array, version: Version = '1.2'): string {
  try {
    return `${parse(bytes, version).length} frames`;
  } catch (error) {
    if (error instanceof WireError) return `${error.code}${error.field === undefined ? '' : ` ${error.field}`}`;
    throw error;
  }
}

const plain = (frame: Frame | undefined) =>
  frame && { command: frame.command, headers: { ...frame.headers }, body: frame.body.toString('latin1') };

/** Names and values that a version can say. */
function headersArbitrary(version: Version) {
  const bad = version === '1.0' ? /[\n\r\0:\\]/ : version === '1.1' ? /[\r\0]/ : /\0/;
  const text = fc
    .string({ unit: 'binary', maxLength: 12 })
    .filter((one) => !/\p{Surrogate}/u.test(one) && !bad.test(one) && (version !== '1.0' || one.trim() === one));
  const name = text.filter((one) => one.length > 0 && one !== 'content-length' && one !== '__proto__');
  return fc.dictionary(name, text, { maxKeys: 8 });
}

describe('frames', () => {
  for (const version of VERSIONS) {
    it(`come back from ${version} as they were encoded, cut anywhere`, () => {
      fc.assert(
        fc.property(
          fc.array(fc.tuple(headersArbitrary(version), fc.uint8Array({ maxLength: 60 })), {
            minLength: 1,
            maxLength: 3,
          }),
          fc.array(fc.nat(30), { maxLength: 8 }),
          (sent, pieces) => {
            const bytes = Buffer.concat(sent.map(([headers, body]) => encodeFrame('SEND', headers, body, version)));
            const came = parse(bytes, version, pieces);
            expect(came.map((frame) => frame.body.toString('hex'))).toEqual(
              sent.map(([, body]) => Buffer.from(body).toString('hex')),
            );
            came.forEach((frame, i) => {
              const { 'content-length': _, ...headers } = { ...frame.headers };
              expect(headers).toEqual({ ...sent[i]?.[0] });
            });
          },
        ),
        { numRuns: 400 },
      );
    });
  }

  const session = Buffer.from(
    'CONNECT\r\naccept-version:1.0\r\nhost:x\r\n\r\n\0\n\nSEND\ndestination:/queue/a\ncontent-length:5\n\nab\0cd\0\r\nACK\nid:1\n\n\0',
  );
  const expected = [
    { command: 'CONNECT', headers: { 'accept-version': '1.0', host: 'x' }, body: '' },
    { command: 'SEND', headers: { destination: '/queue/a', 'content-length': '5' }, body: 'ab\0cd' },
    { command: 'ACK', headers: { id: '1' }, body: '' },
  ];

  it('are the same one byte at a time', () => {
    expect(parse(session, '1.2', Array(session.length).fill(1)).map(plain)).toEqual(expected);
  });

  it('are the same cut in two at every point', () => {
    for (let cut = 0; cut <= session.length; cut++) {
      expect(parse(session, '1.2', [cut]).map(plain)).toEqual(expected);
    }
  });

  it('may have a body that ends at the first NUL', () => {
    expect(parse(Buffer.from('SEND\na:b\n\nhello\0'), '1.0').map(plain)).toEqual([
      { command: 'SEND', headers: { a: 'b' }, body: 'hello' },
    ]);
  });

  it('take the first of repeated headers, and __proto__ as a header like another', () => {
    const [frame] = parse(Buffer.from('SEND\na:1\na:2\n__proto__:x\n\n\0'), '1.2');
    expect(frame?.headers.a).toBe('1');
    expect(Object.keys(frame?.headers ?? {})).toEqual(['a', '__proto__']);
  });

  it('keep escapes as they are at 1.0 and in CONNECT', () => {
    expect(parse(Buffer.from('SEND\na:x\\cy\n\n\0'), '1.0')[0]?.headers.a).toBe('x\\cy');
    expect(parse(Buffer.from('CONNECT\na:x\\cy\n\n\0'), '1.2')[0]?.headers.a).toBe('x\\cy');
    expect(parse(Buffer.from('SEND\na: spaced\n\n\0'), '1.0')[0]?.headers.a).toBe('spaced');
    expect(parse(Buffer.from('SEND\na: spaced\n\n\0'), '1.2')[0]?.headers.a).toBe(' spaced');
  });

  it('tell of heart-beats between them', () => {
    let beats = 0;
    const parser = new FrameParser({ onFrame: () => {}, onHeartbeat: () => beats++ });
    parser.push(Buffer.from('\n'));
    parser.push(Buffer.from('\r\n\n\n'));
    expect(beats).toBe(2);
    expect(parser.midFrame).toBe(false);
    parser.push(Buffer.from('SEN'));
    expect(parser.midFrame).toBe(true);
  });

  it('wait while the parser is held, in any depth of calls', () => {
    const came: string[] = [];
    const parser = new FrameParser({
      onFrame: (frame) => {
        came.push(frame.headers.n ?? '');
        parser.hold();
      },
    });
    parser.push(Buffer.from('SEND\nn:1\n\n\0SEND\nn:2\n\n\0SE'));
    parser.push(Buffer.from('ND\nn:3\n\n\0'));
    expect(came).toEqual(['1']);
    parser.release();
    expect(came).toEqual(['1', '2']);
    parser.release();
    parser.release();
    expect(came).toEqual(['1', '2', '3']);
  });
});

describe('a bad frame', () => {
  const rows: readonly (readonly [string, string | Buffer, Version])[] = [
    ['frame_malformed', '\0', '1.2'],
    ['frame_malformed', 'GET / HTTP/1.1\r\n\r\n', '1.2'],
    ['frame_malformed', 'send\n\n\0', '1.2'],
    ['frame_malformed', 'SEND\nnocolon\n\n\0', '1.2'],
    ['frame_malformed', 'SEND\n:novalue\n\n\0', '1.2'],
    ['frame_malformed', 'SEND\na:\\t\n\n\0', '1.2'],
    ['frame_malformed', 'SEND\na:\\\n\n\0', '1.2'],
    ['frame_malformed', 'SEND\na:\\r\n\n\0', '1.1'],
    ['frame_malformed', 'SEND\na:b\0\n\n\0', '1.2'],
    ['frame_malformed', Buffer.from('SEND\na:\xff\n\n\0', 'latin1'), '1.2'],
    ['frame_malformed', 'SEND\ncontent-length:-1\n\n\0', '1.2'],
    ['frame_malformed', 'SEND\ncontent-length:1e3\n\n\0', '1.2'],
    ['frame_malformed', 'SEND\ncontent-length:2\n\nabc\0', '1.2'],
    ['frame_too_large commandBytesMax', 'A'.repeat(40), '1.2'],
    ['frame_too_large headersMax', `SEND\n${'a:b\n'.repeat(100)}`, '1.2'],
    ['frame_too_large headerLineBytesMax', `SEND\n${'a'.repeat(10_000)}`, '1.2'],
    ['frame_too_large headBytesMax', `SEND\n${`${'a'.repeat(8000)}:\n`.repeat(5)}`, '1.2'],
    ['frame_too_large bodyBytesMax', `SEND\ncontent-length:${frameBounds.bodyBytesMax + 1}\n\n`, '1.2'],
    ['frame_too_large bodyBytesMax', `SEND\n\n${'x'.repeat(frameBounds.bodyBytesMax + 1)}`, '1.2'],
  ];
  for (const [code, bytes, version] of rows) {
    it(`is ${code}: ${JSON.stringify(bytes.toString('latin1').slice(0, 30))}`, () => {
      expect(refusal(Buffer.from(bytes), version)).toBe(code);
    });
  }

  it('ends the reading: nothing after it is taken', () => {
    const frames: Frame[] = [];
    const parser = new FrameParser({ onFrame: (frame) => frames.push(frame) });
    expect(() => parser.push(Buffer.from('\0SEND\n\n\0'))).toThrow(WireError);
    parser.push(Buffer.from('SEND\n\n\0'));
    expect(frames).toEqual([]);
  });

  it('never gives anything but an error of ours, whatever is mutated', () => {
    const seedFrames = Buffer.concat([
      encodeFrame('CONNECT', { 'accept-version': '1.2', host: 'x' }),
      encodeFrame('SEND', { destination: '/queue/a', 'a:b': 'c\nd\\' }, Buffer.from('body\0body')),
      Buffer.from('\n\n'),
      encodeFrame('SUBSCRIBE', { id: '1', destination: '/topic/x' }),
    ]);
    fc.assert(
      fc.property(
        fc.constantFrom(...VERSIONS),
        fc.array(fc.tuple(fc.nat(seedFrames.length - 1), fc.nat(255), fc.boolean()), { maxLength: 10 }),
        fc.array(fc.nat(20), { maxLength: 10 }),
        (version, edits, pieces) => {
          const bytes = [...seedFrames];
          for (const [at, byte, insert] of edits) bytes.splice(at, insert ? 0 : 1, byte);
          try {
            parse(Buffer.from(bytes), version, pieces);
          } catch (error) {
            expect(error).toBeInstanceOf(WireError);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('costs no more than its own size when it comes byte by byte', () => {
    const parser = new FrameParser({ onFrame: () => {} });
    parser.version = '1.2';
    parser.push(Buffer.from('SEND\ncontent-length:1000000\n\n'));
    const before = process.memoryUsage();
    const started = performance.now();
    for (let i = 0; i < 999_999; i++) parser.push(Buffer.from([120]));
    const after = process.memoryUsage();
    expect(performance.now() - started).toBeLessThan(5000);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(64 * 1024 * 1024);
  });
});

describe('headers for an older version', () => {
  it('cannot smuggle lines or frames in', () => {
    const headers = { a: 'x\ninjected:1', 'b\nc': 'y', 'd:e': 'z\r' };
    const [frame, ...more] = parse(encodeFrame('MESSAGE', headersFor('1.0', headers), undefined, '1.0'), '1.0');
    expect(more).toEqual([]);
    expect({ ...frame?.headers }).toEqual({ a: 'x injected:1', b_c: 'y', d_e: 'z' });
    expect(() => encodeFrame('MESSAGE', headers, undefined, '1.0')).toThrow(WireError);
    expect({ ...headersFor('1.1', { a: 'x\ry' }) }).toEqual({ a: 'x y' });
  });
});
