import type { Registry as PromRegistry } from 'prom-client';
import { type Clock, type Config, type Identity, type Logger, parseIdentity, parseListen } from '../../core/index.ts';
import type { Registry } from '../../registry/index.ts';
import { type Broker, createBroker, loadBrokerUsers } from '../../wire/index.ts';
import { brokerMetrics } from './broker-metrics.ts';

/** What {@link openBroker} works with. */
export interface BrokerParts {
  readonly config: Config;
  readonly registry: Pick<Registry, 'enrolment'>;
  readonly metrics: PromRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The embedded broker of a configuration, not yet listening; undefined where there is to be none. */
export function openBroker({ config, registry, metrics, clock, logger }: BrokerParts): Broker | undefined {
  const { embedded, tls, usersFile } = config.broker;
  if (embedded === false) return undefined;
  const { host, port } = parseListen(embedded, 'broker.embedded');
  return createBroker({
    host,
    port,
    tls,
    users: usersFile === undefined ? undefined : loadBrokerUsers(usersFile),
    boundKeyOf: (identity) => boundKey(registry, identity),
    logger: logger.child({ part: 'broker' }),
    clock,
    metrics: brokerMetrics(metrics),
  });
}

/** The key enrolled for an identity, as a login at the broker is held against it. */
async function boundKey({ enrolment }: Pick<Registry, 'enrolment'>, text: string): Promise<string | undefined> {
  let identity: Identity;
  try {
    identity = parseIdentity(text);
  } catch {
    return undefined;
  }
  const record = await enrolment.get(identity);
  return record?.state === 'enrolled' ? record.key : undefined;
}
