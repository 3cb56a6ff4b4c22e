import type { Identity } from '../../core/index.ts';
import type { Colours } from '../colours.ts';

/** What a server says of itself when it runs. */
export interface Running {
  readonly version: string;
  readonly http: string;
  /** `127.0.0.1:6163`, undefined without an embedded broker. */
  readonly stomp: string | undefined;
  readonly dataDir: string;
  /** This machine, where an agent runs beside. */
  readonly identity: Identity | undefined;
  /** Put before a command to try: `npx `, settings that differ from the defaults. */
  readonly prefix: string;
}

/** What runs, where it listens, and three commands to try, between blank lines. */
export function bannerText({ version, http, stomp, dataDir, identity, prefix }: Running, paint: Colours): string {
  const line = (label: string, text: string): string => `  ${paint.dim(label.padEnd(12))}  ${text}`;
  const toTry = ['mc-find -v', 'mc-facts os.name', `mc-inventory ${identity ?? 'NODE'}`];
  const lines = [
    '',
    `${paint.bold(`Muster ${version}`)} keeps what your machines are, and answers questions about them.`,
    '',
    ...(identity === undefined ? [] : [line('this machine', identity)]),
    line('HTTP', http),
    ...(stomp === undefined ? [] : [line('STOMP', stomp)]),
    line('data', dataDir),
    '',
    'Try, in another shell:',
    '',
    ...toTry.map((command) => `  ${paint.bold(`${prefix}${command}`)}`),
    '',
    'Ctrl-C stops it.',
    '',
  ];
  return lines.map((one) => `${one}\n`).join('');
}
