import type { Identity } from '../../core/index.ts';

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

/** What runs, where it listens, and three commands to try. */
export function bannerText({ version, http, stomp, dataDir, identity, prefix }: Running): string {
  const lines = [
    `Muster ${version} keeps what your machines are, and answers questions about them.`,
    '',
    ...(identity === undefined ? [] : [`  this machine  ${identity}`]),
    `  HTTP          ${http}`,
    ...(stomp === undefined ? [] : [`  STOMP         ${stomp}`]),
    `  data          ${dataDir}`,
    '',
    'Try, in another shell:',
    '',
    `  ${prefix}mc-find -v`,
    `  ${prefix}mc-facts os.name`,
    `  ${prefix}mc-inventory ${identity ?? 'NODE'}`,
    '',
    'Ctrl-C stops it.',
    '',
  ];
  return `${lines.join('\n')}\n`;
}
