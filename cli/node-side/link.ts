import { type Config, type Logger, parseListen } from '../../core/index.ts';
import { type BrokerLink, createBrokerLink, type LinkHost, type NodeLogin } from '../../wire/index.ts';
import { CliError } from '../errors.ts';
import { readSecret } from '../settings/read-secret.ts';

/** What a process of a node connects with. */
export interface NodeLinkOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** The login of a node; none where nobody in particular connects. A host with a user of its own logs in as that. */
  readonly login?: NodeLogin | undefined;
  /** Where the embedded broker of this process listens; that of the configuration where left out. */
  readonly embedded?: { readonly host: string; readonly port: number } | undefined;
}

/**
 * The link of a node to the brokers that the configuration names, else to the embedded broker.
 * @throws CliError `config_invalid` where there is neither, `key_unreadable`.
 */
export function nodeLink(options: NodeLinkOptions): BrokerLink {
  const { logger, login } = options;
  return createBrokerLink({ hosts: hostsOf(options), logger, ...login });
}

function hostsOf({ config, embedded }: NodeLinkOptions): readonly LinkHost[] {
  const { hosts, embedded: listen } = config.broker;
  if (embedded !== undefined) return [embedded];
  if (hosts.length > 0) return hosts.map(hostOf);
  if (listen === false) {
    throw new CliError('config_invalid', 'There is no broker: broker.hosts is empty and broker.embedded is false', {
      field: 'broker.hosts',
    });
  }
  return [parseListen(listen, 'broker.embedded')];
}

function hostOf({ host, port, user, passwordFile, tls }: Config['broker']['hosts'][number]): LinkHost {
  return {
    host,
    port,
    ...(user === undefined ? {} : { login: user }),
    ...(passwordFile === undefined
      ? {}
      : { passcode: firstLine(readSecret(passwordFile, 'broker.hosts.passwordFile')) }),
    ...(tls === undefined ? {} : { tls }),
  };
}

/** The first line of a text that a file holds. */
export function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.trim() ?? '';
}
