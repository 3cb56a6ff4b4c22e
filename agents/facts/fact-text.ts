import { parse as parseYaml } from 'yaml';
import { isJsonObject, limits } from '../../core/index.ts';
import { AgentError } from '../agent-error.ts';
import type { SourceReading } from './fact-source.ts';
import { emptyFacts, jsonOf, leavesOf, parseJsonFacts } from './fact-values.ts';
import { parseKeyValue } from './key-value.ts';

/** The forms in which facts are written. */
export type FactFormat = 'yaml' | 'json' | 'key-value';

/** Aliases that one YAML text may resolve, so that a few lines cannot grow into gigabytes. */
const YAML_ALIASES_MAX = 100;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Text of a file or a command.
 * @throws AgentError `message_not_utf8`
 */
export function decodeFactText(bytes: Uint8Array, name: string): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new AgentError('message_not_utf8', `${name} holds bytes that are not UTF-8`, { cause });
  }
}

/**
 * Facts from text in a known form. JSON and YAML must hold a map of names.
 * @throws AgentError `fact_source_failed`, `registration_too_deep` or `registration_too_many_leaves`
 */
export function parseFacts(text: string, format: FactFormat): SourceReading {
  if (format === 'key-value') return checked(parseKeyValue(text));
  let parsed: unknown;
  try {
    parsed = format === 'json' ? parseJsonFacts(text) : yamlOf(text);
  } catch (cause) {
    const reason = (cause as Error).message.split('\n')[0];
    throw new AgentError('fact_source_failed', `it is not ${format.toUpperCase()}: ${reason}`, { cause });
  }
  if (parsed === null || parsed === undefined) return { facts: emptyFacts() };
  const facts = jsonOf(parsed);
  if (!isJsonObject(facts)) throw new AgentError('fact_source_failed', 'it must hold a map of fact names');
  return checked({ facts });
}

function yamlOf(text: string): unknown {
  // Big integers come exact and are sorted out by jsonOf; tags nobody knows are read as plain text.
  return parseYaml(text, { maxAliasCount: YAML_ALIASES_MAX, intAsBigInt: true, logLevel: 'error', prettyErrors: true });
}

function checked(reading: SourceReading): SourceReading {
  const leaves = leavesOf(reading.facts);
  if (leaves > limits.leavesMax) {
    throw new AgentError('registration_too_many_leaves', `it holds ${leaves} values, ${limits.leavesMax} are allowed`);
  }
  return reading;
}

/**
 * The form of what an executable printed: JSON where it begins with a brace, `key=value` where its first line that is
 * no comment looks like one, YAML otherwise.
 */
export function guessFormat(text: string): FactFormat {
  const first = text.split('\n').find((line) => line.trim() !== '' && !line.trim().startsWith('#')) ?? '';
  if (first.trimStart().startsWith('{')) return 'json';
  return /^[^\s:="'{}[\]]+\s*=/.test(first) ? 'key-value' : 'yaml';
}
