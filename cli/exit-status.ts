import { errorCatalogue, type MusterError } from '../core/index.ts';

/**
 * Every exit status of Muster's commands, in one place. docs/exit-status.md is made from this table. 0 to 4 are those of
 * MCollective's clients [marionette-collective: lib/mcollective/application.rb]; 64 and above are sysexits.h.
 */
export const exitStatuses = {
  ok: { status: 0, meaning: 'All well: nodes matched, replies came' },
  nobody: { status: 1, meaning: 'Nobody matched' },
  some: {
    status: 2,
    meaning: 'Some failed, stayed silent or were refused (named on standard error); several where one is needed',
  },
  silent: { status: 3, meaning: 'Nodes matched and all stayed silent' },
  nothing: { status: 4, meaning: 'No discovery and no reply' },
  usage: { status: 64, meaning: 'Called wrongly, or a query that cannot be read' },
  data: { status: 65, meaning: 'What was sent is not what it should be' },
  file: { status: 66, meaning: 'A file that was named cannot be read' },
  unreachable: { status: 69, meaning: 'The service, broker or store cannot be reached, or an address is taken' },
  internal: { status: 70, meaning: 'A fault of Muster’s own' },
  notAllowed: { status: 77, meaning: 'Not allowed: token, key or owner' },
  config: { status: 78, meaning: 'The configuration or a key file has faults' },
} as const satisfies Record<string, { readonly status: number; readonly meaning: string }>;

/** The exit status of a command that ends by an error. */
export function exitStatusOf(error: MusterError): number {
  return errorCatalogue[error.code].exit;
}

/** The exit status that shells give for a program ended by a signal. */
export function exitStatusOfSignal(signalNumber: number): number {
  return 128 + signalNumber;
}
