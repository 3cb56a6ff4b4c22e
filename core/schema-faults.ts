import type { ErrorObject } from 'ajv';
import { shownValue } from './errors.ts';

/** One thing that a schema found wrong. */
export interface Fault {
  /** Dotted path of the place, empty for the whole. */
  readonly field: string;
  /** The value found there, shortened. */
  readonly value: string;
  readonly message: string;
}

/** Ajv's errors (made with `verbose`) as faults that name field, value and what was expected; one per field and cause. */
export function faultsOf(errors: readonly ErrorObject[]): readonly Fault[] {
  const faults = new Map<string, Fault>();
  for (const error of errors) {
    const at = error.instancePath
      .split('/')
      .slice(1)
      .map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'));
    const extra = error.keyword === 'additionalProperties' ? [String(error.params.additionalProperty)] : [];
    const missing = error.keyword === 'required' ? [String(error.params.missingProperty)] : [];
    const field = [...at, ...extra, ...missing].join('.');
    const message =
      error.keyword === 'additionalProperties'
        ? `${field} is not a known key`
        : error.keyword === 'required'
          ? `${field} is missing`
          : `${field || 'the whole'} ${expected(error)}, got ${shownValue(error.data)}`;
    if (error.keyword === 'anyOf' || !faults.has(field))
      faults.set(field, { field, value: shownValue(error.data), message });
  }
  return [...faults.values()];
}

function expected(error: ErrorObject): string {
  if (error.keyword === 'enum') return `must be one of ${(error.params.allowedValues as unknown[]).join(', ')}`;
  if (error.keyword === 'const') return `must be ${JSON.stringify(error.params.allowedValue)}`;
  if (error.keyword === 'anyOf') {
    const choices = (error.schema as { const?: unknown; type?: string }[]).map((one) => one.const ?? one.type);
    return `must be one of ${choices.join(', ')}`;
  }
  return error.message ?? 'is wrong';
}
