import { limits, shownValue } from '../../core/index.ts';
import { WireError } from '../errors.ts';
import { escapesHeaders, type Frame, type StompVersion, unescapeHeader } from './frame.ts';
import { GrowingBytes } from './growing-bytes.ts';

/** How large a frame may be. Each bound reached is WireError `frame_too_large` with the bound's name in `field`. */
export interface FrameBounds {
  readonly commandBytesMax: number;
  readonly headersMax: number;
  readonly headerLineBytesMax: number;
  /** All header lines together. */
  readonly headBytesMax: number;
  readonly bodyBytesMax: number;
}

/** The bounds of a whole message: a registration of 1 MiB, and 64 KiB for what wraps it. */
export const frameBounds: FrameBounds = Object.freeze({
  commandBytesMax: 32,
  headersMax: 64,
  headerLineBytesMax: 8 * 1024,
  headBytesMax: 32 * 1024,
  bodyBytesMax: limits.messageBytesMax + 64 * 1024,
});

/** What the parser tells. `onFrame` may call {@link FrameParser.hold}. */
export interface FrameHandlers {
  onFrame(frame: Frame): void;
  /** Line feeds between frames came: the other side lives. Once for a run of them. */
  onHeartbeat?(): void;
}

type State = 'between' | 'command' | 'headers' | 'counted-body' | 'body' | 'end' | 'broken';

const LF = 10;
const CR = 13;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads STOMP frames from bytes as they come, in any pieces. What is not whole yet is gathered once; a body that lies
 * in one piece is a view into it. After an error nothing more is read.
 */
export class FrameParser {
  /** The version after CONNECT; until then CONNECT is read as any version writes it. */
  version: StompVersion = '1.0';
  bounds: FrameBounds;
  readonly #handlers: FrameHandlers;
  #state: State = 'between';
  #partial = new GrowingBytes();
  #command = '';
  #headers: Record<string, string> = Object.create(null) as Record<string, string>;
  #headerCount = 0;
  #headBytes = 0;
  #bodyLength = 0;
  #body: Buffer = Buffer.alloc(0);
  #held = false;
  #reading = false;
  #waiting: Buffer[] = [];

  constructor(handlers: FrameHandlers, bounds: FrameBounds = frameBounds) {
    this.#handlers = handlers;
    this.bounds = bounds;
  }

  /** True while a frame has begun and not ended. */
  get midFrame(): boolean {
    return this.#state !== 'between';
  }

  /** True while what came waits for {@link release}. */
  get held(): boolean {
    return this.#held;
  }

  /** Gives no more frames until {@link release}; what is pushed meanwhile is kept, so stop reading the socket. */
  hold(): void {
    this.#held = true;
  }

  /** Goes on with what was kept. Throws as {@link push}. */
  release(): void {
    this.#held = false;
    if (!this.#reading) this.#work();
  }

  /**
   * Reads further bytes, which must not be changed afterwards.
   * @throws WireError `frame_malformed`, `frame_too_large`.
   */
  push(chunk: Buffer): void {
    if (this.#state === 'broken') return;
    this.#waiting.push(chunk);
    if (!this.#reading) this.#work();
  }

  #work(): void {
    this.#reading = true;
    try {
      while (!this.#held) {
        const chunk = this.#waiting.shift();
        if (chunk === undefined) return;
        const rest = this.#read(chunk);
        if (rest < chunk.length) this.#waiting.unshift(chunk.subarray(rest));
      }
    } catch (error) {
      this.#state = 'broken';
      this.#waiting = [];
      throw error;
    } finally {
      this.#reading = false;
    }
  }

  /** Reads until the end of the chunk or until held; gives how far it came. */
  #read(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length && !this.#held) at = this.#step(chunk, at);
    return at;
  }

  #step(chunk: Buffer, at: number): number {
    switch (this.#state) {
      case 'between':
        return this.#between(chunk, at);
      case 'command':
      case 'headers':
        return this.#line(chunk, at);
      case 'counted-body':
        return this.#countedBody(chunk, at);
      case 'body':
        return this.#terminatedBody(chunk, at);
      case 'end':
        if (chunk[at] !== 0) {
          throw malformed(`A ${this.#command} frame goes on after the ${this.#bodyLength} bytes of content-length`);
        }
        this.#finish();
        return at + 1;
      case 'broken':
        return chunk.length;
    }
  }

  #between(chunk: Buffer, start: number): number {
    let at = start;
    while (at < chunk.length && (chunk[at] === LF || chunk[at] === CR)) at += 1;
    if (at > start) this.#handlers.onHeartbeat?.();
    if (at === chunk.length) return at;
    const first = chunk[at] as number;
    // Told at once, so that somebody who speaks another protocol need not send a line feed to hear of it.
    if (first < 0x41 || first > 0x5a) throw malformed(`A frame begins with byte ${first}, which is of no command`);
    this.#state = 'command';
    return at;
  }

  #line(chunk: Buffer, start: number): number {
    const end = chunk.indexOf(LF, start);
    const stop = end === -1 ? chunk.length : end;
    const length = this.#partial.length + stop - start;
    if (this.#state === 'command') this.#within(length, 'commandBytesMax', 1);
    else {
      this.#within(length, 'headerLineBytesMax', 1);
      this.#within(this.#headBytes + length, 'headBytesMax', 0);
    }
    if (end === -1) {
      this.#partial.append(chunk.subarray(start));
      return chunk.length;
    }
    let line = chunk.subarray(start, end);
    if (this.#partial.length > 0) {
      this.#partial.append(line);
      line = this.#partial.take();
    }
    this.#headBytes += line.length + 1;
    if (this.#state === 'command') this.#takeCommand(line);
    else this.#takeHeader(line);
    return end + 1;
  }

  #takeCommand(line: Buffer): void {
    const command = withoutCr(line).toString('latin1');
    if (!/^[A-Z]+$/.test(command)) {
      throw malformed(`A frame begins with ${shownValue(command)}, which is no command`);
    }
    this.#command = command;
    this.#state = 'headers';
  }

  #takeHeader(raw: Buffer): void {
    const { version } = this;
    const connecting = this.#command === 'CONNECT' || this.#command === 'STOMP' || this.#command === 'CONNECTED';
    // Lines may end in CR LF at 1.2; CONNECT comes before the version is known. A blank line does at any version.
    const line = version === '1.2' || connecting || raw.length === 1 ? withoutCr(raw) : raw;
    if (line.length === 0) {
      this.#beginBody();
      return;
    }
    this.#headerCount += 1;
    this.#within(this.#headerCount, 'headersMax', 0);
    const text = headerText(line);
    const colon = text.indexOf(':');
    if (colon < 1) throw malformed(`The header line ${shownValue(text)} is not name:value`);
    let name = text.slice(0, colon);
    let value = text.slice(colon + 1);
    if (escapesHeaders(this.#command, version)) {
      name = unescapeHeader(name, version);
      value = unescapeHeader(value, version);
    } else if (version === '1.0' && !connecting) {
      // 1.0 has blanks after the colon in its own examples.
      value = value.trim();
    }
    // The first of repeated headers counts (STOMP 1.2, "Repeated Header Entries").
    if (!(name in this.#headers)) this.#headers[name] = value;
  }

  #beginBody(): void {
    const counted = this.#headers['content-length'];
    if (counted === undefined) {
      this.#state = 'body';
      return;
    }
    if (!/^ *[0-9]{1,15} *$/.test(counted)) throw malformed(`content-length is ${shownValue(counted)}`);
    this.#bodyLength = Number(counted);
    this.#within(this.#bodyLength, 'bodyBytesMax', 0);
    this.#state = this.#bodyLength === 0 ? 'end' : 'counted-body';
  }

  #countedBody(chunk: Buffer, start: number): number {
    const missing = this.#bodyLength - this.#partial.length;
    const stop = Math.min(chunk.length, start + missing);
    const piece = chunk.subarray(start, stop);
    if (this.#partial.length === 0 && piece.length === missing) {
      this.#body = piece;
      this.#state = 'end';
      return stop;
    }
    this.#partial.append(piece, this.#bodyLength);
    if (piece.length === missing) {
      this.#body = this.#partial.take();
      this.#state = 'end';
    }
    return stop;
  }

  #terminatedBody(chunk: Buffer, start: number): number {
    const end = chunk.indexOf(0, start);
    const piece = chunk.subarray(start, end === -1 ? chunk.length : end);
    this.#within(this.#partial.length + piece.length, 'bodyBytesMax', 0);
    if (end === -1) {
      this.#partial.append(piece);
      return chunk.length;
    }
    if (this.#partial.length === 0) this.#body = piece;
    else {
      this.#partial.append(piece);
      this.#body = this.#partial.take();
    }
    this.#finish();
    return end + 1;
  }

  #finish(): void {
    const frame: Frame = { command: this.#command, headers: this.#headers, body: this.#body };
    this.#state = 'between';
    this.#headers = Object.create(null) as Record<string, string>;
    this.#headerCount = 0;
    this.#headBytes = 0;
    this.#bodyLength = 0;
    this.#body = Buffer.alloc(0);
    this.#handlers.onFrame(frame);
  }

  /** `slack` lets a carriage return through that is not of the line. */
  #within(amount: number, bound: keyof FrameBounds, slack: number): void {
    const most = this.bounds[bound];
    if (amount <= most + slack) return;
    throw new WireError('frame_too_large', `A ${this.#command || 'new'} frame is over ${bound}, ${most}`, {
      field: bound,
      value: most,
    });
  }
}

function withoutCr(line: Buffer): Buffer {
  return line.length > 0 && line[line.length - 1] === CR ? line.subarray(0, -1) : line;
}

function headerText(line: Buffer): string {
  const text = line.toString('utf8');
  if (text.includes('\0')) throw malformed('A header line holds a NUL byte');
  // Replacement characters are either the sender's own, or the mark of bytes that are not UTF-8.
  if (text.includes('\ufffd')) {
    try {
      utf8.decode(line);
    } catch (cause) {
      throw new WireError('frame_malformed', 'A header line is not UTF-8', { cause });
    }
  }
  return text;
}

function malformed(message: string): WireError {
  return new WireError('frame_malformed', message);
}
