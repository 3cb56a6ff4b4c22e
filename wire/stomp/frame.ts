import { shownValue } from '../../core/index.ts';
import { WireError } from '../errors.ts';
import type { FrameHeaders } from '../link.ts';

/** The versions of STOMP spoken here. */
export type StompVersion = '1.0' | '1.1' | '1.2';

/** A frame, headers unescaped. `headers` has no prototype, so that any name is a plain header. */
export interface Frame {
  readonly command: string;
  readonly headers: FrameHeaders;
  readonly body: Buffer;
}

/** The newest version both sides speak; undefined where there is none. A CONNECT without `accept-version` means 1.0. */
export function negotiateVersion(acceptVersion: string | undefined): StompVersion | undefined {
  if (acceptVersion === undefined) return '1.0';
  const offered = acceptVersion.split(',').map((one) => one.trim());
  return (['1.2', '1.1', '1.0'] as const).find((version) => offered.includes(version));
}

/** CONNECT and CONNECTED are never escaped (STOMP 1.2, "Value Encoding"), nor is anything at 1.0. */
export function escapesHeaders(command: string, version: StompVersion): boolean {
  return version !== '1.0' && command !== 'CONNECT' && command !== 'CONNECTED' && command !== 'STOMP';
}

const NO_BODY = Buffer.alloc(0);
const NUL = Buffer.from([0]);

/**
 * A frame as bytes, with `content-length` where it has a body.
 * @throws WireError `frame_malformed` for a header that this version cannot say: a line break or NUL, a colon in a name.
 */
export function encodeFrame(
  command: string,
  headers: FrameHeaders,
  body: Uint8Array = NO_BODY,
  version: StompVersion = '1.2',
): Buffer {
  const head = Buffer.from(encodeHead(command, headers, body.length, version), 'utf8');
  return body.length === 0 ? Buffer.concat([head, NUL]) : Buffer.concat([head, body, NUL]);
}

/** The text of a frame up to and with the blank line; a body of `bodyLength` bytes and a NUL are to follow. */
export function encodeHead(command: string, headers: FrameHeaders, bodyLength: number, version: StompVersion): string {
  const escaped = escapesHeaders(command, version);
  let head = `${command}\n`;
  for (const name in headers) {
    if (name === 'content-length') continue;
    const value = headers[name] as string;
    head += escaped
      ? `${escapeHeader(name, version)}:${escapeHeader(value, version)}\n`
      : `${plain(name, true)}:${plain(value, false)}\n`;
  }
  return bodyLength === 0 ? `${head}\n` : `${head}content-length:${bodyLength}\n\n`;
}

function plain(text: string, isName: boolean): string {
  if ((isName ? /[\n\r\0:]/ : /[\n\r\0]/).test(text)) {
    throw new WireError('frame_malformed', `The header ${shownValue(text)} cannot be said without escapes`);
  }
  return text;
}

/** Of 1.1 and 1.2: backslash, colon, line feed; carriage return at 1.2 only. */
function escapeHeader(text: string, version: StompVersion): string {
  if (!/[\\:\n\r\0]/.test(text)) return text;
  if (text.includes('\0') || (version === '1.1' && text.includes('\r'))) {
    throw new WireError('frame_malformed', `The header ${shownValue(text)} cannot be said at STOMP ${version}`);
  }
  return text.replace(/\\/g, '\\\\').replace(/:/g, '\\c').replace(/\n/g, '\\n').replace(/\r/g, '\\r');
}

/**
 * Headers with all that a version cannot say blanked out: what a sender of 1.2 puts between escapes must not become
 * further header lines, or frames, for a receiver of 1.0.
 */
export function headersFor(version: StompVersion, headers: FrameHeaders): FrameHeaders {
  if (version === '1.2') return headers;
  const bad = version === '1.0' ? /[\n\r]/g : /\r/g;
  let mended: Record<string, string> | undefined;
  for (const name in headers) {
    const value = headers[name] as string;
    const cleanName = version === '1.0' ? name.replace(/[\n\r:]/g, '_') : name.replace(bad, '_');
    const cleanValue = value.replace(bad, ' ');
    if (cleanName === name && cleanValue === value) continue;
    mended ??= Object.assign(Object.create(null) as Record<string, string>, headers);
    delete mended[name];
    mended[cleanName] ??= cleanValue;
  }
  return mended ?? headers;
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\', c: ':', n: '\n', r: '\r' };

/**
 * A header's name or value without its escapes.
 * @throws WireError `frame_malformed` for an escape the version does not have.
 */
export function unescapeHeader(text: string, version: StompVersion): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(.?)/gs, (whole, letter: string) => {
    const meant = letter === 'r' && version === '1.1' ? undefined : ESCAPES[letter];
    if (meant === undefined || letter === '') {
      throw new WireError('frame_malformed', `A header holds ${shownValue(whole)}, no escape of STOMP ${version}`);
    }
    return meant;
  });
}
