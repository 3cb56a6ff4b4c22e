import type { JsonObject } from '../core/index.ts';

/*
 * What the clients ask. Every question has other values each time, so that no answer can be kept.
 */

const CUSTOMERS = 60;
const ENVIRONMENTS = ['production', 'staging', 'development'] as const;

/** A whole number from 0 to below `bound`. */
export function random(bound: number): number {
  return Math.floor(Math.random() * bound);
}

/** A customer of the fleet; the lower its number, the more nodes it has. */
export function customer(number = random(CUSTOMERS)): string {
  return number === 0 ? 'acme' : `customer${String(number).padStart(3, '0')}`;
}

/** An environment of the fleet. */
export function environment(): string {
  return ENVIRONMENTS[random(ENVIRONMENTS.length)] as string;
}

/** The seed's question: one customer's database master in one environment, three conditions. */
export function lookupQuery(): JsonObject {
  return { 'facts.customer': customer(), 'facts.environment': environment(), classes: 'mysql::master' };
}

/** The path that asks the service a query by GET, with `more` parameters. */
export function pathOf(query: JsonObject, more: Readonly<Record<string, string>> = {}): string {
  return `/v1/nodes?${new URLSearchParams({ query: JSON.stringify(query), ...more })}`;
}

/** The path of a lookup, whole documents in the answer. */
export function lookupPath(): string {
  return pathOf(lookupQuery());
}
