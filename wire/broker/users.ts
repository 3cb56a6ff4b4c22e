import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { type Static, Type } from 'typebox';
import { parse as parseYaml } from 'yaml';
import {
  type Clock,
  CoreError,
  faultsOf,
  isLoopback,
  parseIdentity,
  shownValue,
  systemClock,
} from '../../core/index.ts';
import type { Authenticate, Login, Principal } from '../broker-contract.ts';
import { WireError } from '../errors.ts';
import { isNodeLogin, verifyNodeLogin } from '../security/node-login.ts';
import { hashPasscode, PASSCODE_HASH_PATTERN, passcodeHashUsable, passcodeMatches } from './passcode.ts';

/** Passcodes checked at one time; each takes 32 MiB. Further logins wait. */
const CHECKS_AT_ONCE = 2;
/** Logins that may wait for their check. */
const CHECKS_WAITING_MAX = 2000;

const usersSchema = Type.Record(
  Type.String({ pattern: '^[A-Za-z0-9._-]{1,253}$' }),
  Type.Object(
    {
      passwordHash: Type.String({ pattern: PASSCODE_HASH_PATTERN }),
      role: Type.Union([Type.Literal('node'), Type.Literal('registry'), Type.Literal('client')]),
    },
    { additionalProperties: false },
  ),
  { additionalProperties: false },
);

type User = Static<typeof usersSchema>[string];

/** The users of the embedded broker by name. */
export type BrokerUsers = ReadonlyMap<string, User>;

/**
 * Reads the users file: YAML, `name: { passwordHash, role }`, role `node`, `registry` or `client`. The name of a `node`
 * is its identity. Passcode hashes are made by {@link hashPasscode}.
 * @throws CoreError `config_unreadable`, or `config_invalid` naming every fault.
 */
export function loadBrokerUsers(file: string): BrokerUsers {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CoreError('config_unreadable', `Cannot read the users file ${file}: ${(cause as Error).message}`, {
      field: 'broker.usersFile',
      cause,
    });
  }
  return readBrokerUsers(text, file);
}

/** {@link loadBrokerUsers} from a text; `file` is for messages. */
export function readBrokerUsers(text: string, file: string): BrokerUsers {
  const invalid = (why: string): CoreError =>
    new CoreError('config_invalid', `The users file ${file} has faults: ${why}`, { field: 'broker.usersFile' });
  let read: unknown;
  try {
    read = parseYaml(text) ?? {};
  } catch {
    // The parser's words quote the file, where hashes stand.
    throw invalid('it is not YAML');
  }
  const validate = new Ajv({ allErrors: true, verbose: true }).compile(usersSchema);
  if (!validate(read)) {
    // Only places are told, not values: somebody may have put a passcode where its hash belongs.
    throw invalid(
      faultsOf(validate.errors ?? [])
        .map((fault) => `${fault.field || 'the whole'} is wrong`)
        .join('; '),
    );
  }
  const users = new Map(Object.entries(read as Static<typeof usersSchema>));
  for (const [name, user] of users) {
    if (!passcodeHashUsable(user.passwordHash)) throw invalid(`${name}.passwordHash asks for a cost that is not taken`);
    if (user.role === 'node') parseIdentity(name, `${file}: ${name}`);
  }
  return users;
}

/** What {@link brokerAuthenticate} knows of. */
export interface AuthenticateOptions {
  readonly users?: BrokerUsers | undefined;
  /** The key enrolled for an identity; without it nodes cannot log in by key. */
  readonly boundKeyOf?: ((identity: string) => Promise<string | undefined>) | undefined;
  readonly clock?: Clock | undefined;
}

/** Says who logs in: a node by its key, a user by passcode, nobody at all from loopback only. */
export function brokerAuthenticate(options: AuthenticateOptions): Authenticate {
  const { users = new Map() as BrokerUsers, boundKeyOf, clock = systemClock } = options;
  const turns = new Turns();
  const checkUser = async (login: Login): Promise<Principal> => {
    const user = users.get(login.login ?? '');
    // An unknown name costs the same time as a wrong passcode.
    const hash = user?.passwordHash ?? (await decoyHash());
    const right = await turns.take(() => passcodeMatches(login.passcode ?? '', hash));
    if (user === undefined || !right) {
      throw new WireError(
        'broker_refused',
        `The login ${shownValue(login.login)} is refused: name or passcode are wrong`,
      );
    }
    return principalOf(login.login as string, user);
  };
  return async (login) => {
    if (login.login === undefined || login.login === '') return anonymous(login);
    if (isNodeLogin(login) && boundKeyOf !== undefined) return verifyNodeLogin(login, boundKeyOf, clock);
    return checkUser(login);
  };
}

function anonymous(login: Login): Principal {
  if (isLoopback(login.remoteAddress)) return { kind: 'anonymous' };
  throw new WireError('broker_refused', `A login is needed from ${login.remoteAddress}, and none came`);
}

function principalOf(name: string, user: User): Principal {
  switch (user.role) {
    case 'node':
      return { kind: 'node', identity: name };
    case 'registry':
      return { kind: 'registry', name };
    case 'client':
      return { kind: 'client', name };
  }
}

let decoy: Promise<string> | undefined;
function decoyHash(): Promise<string> {
  decoy ??= hashPasscode('nobody');
  return decoy;
}

/** Lets a few at a time work, the others in the order they came. */
class Turns {
  #working = 0;
  readonly #waiting: (() => void)[] = [];

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#working < CHECKS_AT_ONCE) this.#working += 1;
    else {
      if (this.#waiting.length >= CHECKS_WAITING_MAX) {
        throw new WireError('broker_too_busy', `${CHECKS_WAITING_MAX} logins wait for their check already`);
      }
      await new Promise<void>((go) => this.#waiting.push(go));
    }
    try {
      return await work();
    } finally {
      // Whoever waits longest takes this turn over.
      const next = this.#waiting.shift();
      if (next === undefined) this.#working -= 1;
      else next();
    }
  }
}
