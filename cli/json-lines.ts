import { type Readable, Transform, type TransformCallback } from 'node:stream';
import { CliError } from './errors.ts';

/** A file that is no JSON lines is read whole, up to here. */
const WHOLE_BYTES_MAX = 256 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * Documents one a line, from a stream that holds them so, or as a JSON array, or as one document over several lines:
 * what the first line is decides. `onDocument` is called for each that goes on.
 */
export function asJsonLines(input: Readable, onDocument: () => void): Readable {
  const lines = new JsonLines(onDocument);
  input.on('error', (error) => lines.destroy(error));
  return input.pipe(lines);
}

class JsonLines extends Transform {
  readonly #onDocument: () => void;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #form: 'unknown' | 'lines' | 'whole' = 'unknown';
  /** True where what went on last did not end its line. */
  #open = false;

  constructor(onDocument: () => void) {
    super();
    this.#onDocument = onDocument;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#form === 'lines') {
      this.#passOn(chunk);
      done();
      return;
    }
    this.#kept.push(chunk);
    this.#keptBytes += chunk.length;
    if (this.#form === 'unknown' && chunk.includes(NEWLINE)) this.#decide(false);
    if (this.#keptBytes > WHOLE_BYTES_MAX) {
      done(
        new CliError('message_too_large', `The input is no JSON lines and over ${WHOLE_BYTES_MAX} bytes`, {
          remedy: 'Write one document a line',
        }),
      );
      return;
    }
    done();
  }

  override _flush(done: TransformCallback): void {
    if (this.#form === 'unknown') this.#decide(true);
    if (this.#form === 'whole') {
      try {
        this.#passOnWhole();
      } catch (error) {
        done(error as Error);
        return;
      }
    }
    if (this.#open) this.#onDocument();
    done();
  }

  /** The first line that is not blank decides; a line of JSON lines that is broken is the service's to refuse. */
  #decide(ended: boolean): void {
    const bytes = Buffer.concat(this.#kept);
    const [first = '', ...rest] = bytes.toString('latin1').trimStart().split('\n', 2);
    // Half a line says nothing yet.
    if (first === '' || (rest.length === 0 && !ended)) return;
    this.#form = first.startsWith('[') || first.trim() === '{' ? 'whole' : 'lines';
    if (this.#form === 'whole') return;
    this.#kept = [];
    this.#keptBytes = 0;
    this.#passOn(bytes);
  }

  #passOn(bytes: Buffer): void {
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) this.#onDocument();
    this.#open = bytes.length > 0 && bytes.at(-1) !== NEWLINE;
    this.push(bytes);
  }

  #passOnWhole(): void {
    const text = Buffer.concat(this.#kept).toString('utf8');
    this.#kept = [];
    if (text.trim() === '') return;
    for (const document of documentsOf(text)) {
      this.push(`${JSON.stringify(document)}\n`);
      this.#onDocument();
    }
  }
}

function documentsOf(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [value];
  } catch (cause) {
    throw new CliError('message_malformed', `The input is no JSON: ${(cause as Error).message}`, {
      cause,
      remedy: 'Write one document a line, or a JSON array of them',
    });
  }
}
