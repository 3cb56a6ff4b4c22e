/** A JSON value as it stands in facts, queries and messages. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object with any keys; made without a prototype wherever keys come from outside. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** True for a JSON object, false for arrays, null and scalars. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
