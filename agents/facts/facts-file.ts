import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { limits } from '../../core/index.ts';
import { AgentError } from '../agent-error.ts';
import type { FactSource } from './fact-source.ts';
import { decodeFactText, parseFacts } from './fact-text.ts';

/** Bytes of a fact file; more would not fit into a registration. */
export const FACT_FILE_BYTES_MAX = limits.messageBytesMax;

/**
 * Reads a regular file, bounded. Undefined where there is none.
 * @throws AgentError `fact_source_failed`
 */
export async function readFactFile(path: string): Promise<Buffer | undefined> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    // Not blocking: a FIFO somebody left there would hold a thread for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new AgentError('fact_source_failed', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new AgentError('fact_source_failed', `${path} is not a regular file`);
    if (stat.size > FACT_FILE_BYTES_MAX) {
      throw new AgentError('fact_source_failed', `${path} is over ${FACT_FILE_BYTES_MAX} bytes`);
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** The facts of one `key=value` file, such as /etc/facts.txt. No file, no facts, no failure. */
export function factsFileSource(path: string): FactSource {
  return {
    name: path,
    layer: 'external',
    async read() {
      const bytes = await readFactFile(path);
      return bytes === undefined ? { facts: {} } : parseFacts(decodeFactText(bytes, path), 'key-value');
    },
  };
}
