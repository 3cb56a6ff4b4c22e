import type { Json, JsonObject } from '../../core/index.ts';

/*
 * How MongoDB finds the values at a path (documented under "query an array of embedded documents", and in the server's
 * own path tests). Objects are entered by name. An array on the way is entered implicitly: each of its documents is
 * asked for the rest of the path, and where the next segment is a number, so is the element at that index. An array
 * at the end is met by its elements and then as itself, unless the operator takes arrays whole. A path that ends in
 * nothing is met once as missing (`undefined`); but nothing at all is met, not even missing, inside an array without
 * documents, which is why `{ 'a.b': null }` does not find `{ a: [] }`.
 */

/** A test of one value met; undefined stands for missing. */
export type ElementTest = (element: Json | undefined) => boolean;

/** Whether an array at the end of the path is met by its elements too, or only as itself. */
export type ArrayAtEnd = 'elements' | 'whole';

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** True where any value met at `path[from...]` below `value` passes. `value` is what stands just before that segment. */
export function someAt(
  value: Json | undefined,
  path: readonly string[],
  from: number,
  atEnd: ArrayAtEnd,
  test: ElementTest,
): boolean {
  if (Array.isArray(value)) return someInArray(value, path, from, atEnd, test);
  if (from === path.length) return test(value);
  return isObject(value) ? someInFields(value, path, from, atEnd, test) : test(undefined);
}

/** As {@link someAt}, where `value` is entered as a document whatever it is: an array by its indexes as names. */
export function someInFields(
  value: JsonObject | readonly Json[],
  path: readonly string[],
  from: number,
  atEnd: ArrayAtEnd,
  test: ElementTest,
): boolean {
  const name = path[from] as string;
  // `length` of an array is not one of its indexes.
  const found = Object.hasOwn(value, name) && !(name === 'length' && Array.isArray(value));
  return someAt(found ? (value as JsonObject)[name] : undefined, path, from + 1, atEnd, test);
}

function someInArray(
  array: readonly Json[],
  path: readonly string[],
  from: number,
  atEnd: ArrayAtEnd,
  test: ElementTest,
): boolean {
  if (from === path.length) {
    if (atEnd === 'whole') return test(array);
    for (let i = 0; i < array.length; i++) if (test(array[i])) return true;
    return test(array);
  }
  const index = indexOf(path[from] as string);
  for (let i = 0; i < array.length; i++) {
    const element = array[i] as Json;
    if (isObject(element)) {
      if (someInFields(element, path, from, atEnd, test)) return true;
      if (
        i === index &&
        (from + 1 === path.length ? test(element) : someInFields(element, path, from + 1, atEnd, test))
      )
        return true;
    } else if (i === index) {
      // An element reached by its index at the end is met as it stands: an array there is not entered again.
      if (from + 1 === path.length) {
        if (test(element)) return true;
      } else if (Array.isArray(element) && someInArray(element, path, from + 1, atEnd, test)) return true;
    }
  }
  return false;
}

/** The index a segment names, -1 where it is not written as one. */
function indexOf(segment: string): number {
  return /^(0|[1-9][0-9]{0,9})$/.test(segment) ? Number(segment) : -1;
}
