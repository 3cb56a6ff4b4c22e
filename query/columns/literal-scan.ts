import type { PatternLiteral } from '../language/index.ts';
import type { LeafPlan } from './plan.ts';
import { CHUNK_TEXT_KIND, type TextColumn } from './text-column.ts';

/*
 * Regular expressions that are plain text, on a text column: looked for in whole chunks of the column instead of text by
 * text. Where something is contained, the next place in the chunk is kept, so that texts before it cost a comparison.
 */

/** Tells of a row whether its text matches; undefined where this way cannot tell. */
export interface LiteralTest {
  matches(row: number): boolean | undefined;
  /** Reads the column anew: it may have been written since. */
  renew(): void;
}

/** The quick way for a leaf on a column; undefined where there is none. */
export function literalTest(plan: LeafPlan, column: TextColumn): LiteralTest | undefined {
  const { pattern } = plan;
  const literal = pattern?.literal;
  if (pattern === undefined || literal === undefined || literal.texts.length !== 1) return undefined;
  // Anchors at each line are the pattern's own business.
  if (literal.kind !== 'contains' && /[mr]/.test(pattern.options)) return undefined;
  return column.readsWholeChunks ? new ChunkLiteral(literal, column) : undefined;
}

class ChunkLiteral implements LiteralTest {
  readonly #kind: PatternLiteral['kind'];
  readonly #text: string;
  readonly #ignoreCase: boolean;
  readonly #column: TextColumn;
  /** Chunks in lower case. */
  #lower: (string | undefined)[] = [];
  #chunk = -1;
  /** Where the text stands next in the chunk, at or after `#searchedFrom`; beyond its end where nowhere. */
  #next = 0;
  #searchedFrom = Number.POSITIVE_INFINITY;

  constructor({ kind, texts, ignoreCase }: PatternLiteral, column: TextColumn) {
    this.#kind = kind;
    this.#text = texts[0] as string;
    this.#ignoreCase = ignoreCase;
    this.#column = column;
  }

  renew(): void {
    this.#lower = [];
    this.#chunk = -1;
    this.#searchedFrom = Number.POSITIVE_INFINITY;
  }

  matches(row: number): boolean | undefined {
    const { shapes, addresses, arena } = this.#column;
    const shape = shapes[row] as number;
    if ((shape & 3) !== CHUNK_TEXT_KIND) return undefined;
    const address = addresses[row] as number;
    const number = address >>> 20;
    const chunk = this.#chunkText(number, address);
    const from = arena.offsetOf(address);
    const length = shape >>> 2;
    const text = this.#text;
    switch (this.#kind) {
      case 'equals':
        return length === text.length && chunk.startsWith(text, from);
      case 'starts':
        return length >= text.length && chunk.startsWith(text, from);
      case 'ends':
        return length >= text.length && chunk.startsWith(text, from + length - text.length);
      default:
        return this.#contains(chunk, number, from, from + length);
    }
  }

  #contains(chunk: string, number: number, from: number, end: number): boolean {
    if (number !== this.#chunk || from < this.#searchedFrom || this.#next < from) {
      const at = chunk.indexOf(this.#text, from);
      this.#next = at === -1 ? Number.POSITIVE_INFINITY : at;
      this.#chunk = number;
      this.#searchedFrom = from;
    }
    return this.#next + this.#text.length <= end;
  }

  #chunkText(number: number, address: number): string {
    const text = this.#column.chunkText(address);
    if (!this.#ignoreCase) return text;
    // Within one byte a character, lower case is as long, and no other letter becomes one of ASCII.
    const lower = this.#lower[number] ?? text.toLowerCase();
    this.#lower[number] = lower;
    return lower;
  }
}
