import { Ajv } from 'ajv';
import { configSchema } from './config-schema.ts';
import { type Fault, faultsOf } from './schema-faults.ts';

/*
 * The build replaces this module by code generated from the schema, so that a command need not compile it at each start.
 */
const validate = new Ajv({ allErrors: true, useDefaults: true, verbose: true }).compile(configSchema);

/** Fills defaults into `value` in place and gives every fault; none where it is a whole configuration. */
export function validateConfig(value: unknown): readonly Fault[] {
  return validate(value) ? [] : faultsOf(validate.errors ?? []);
}
