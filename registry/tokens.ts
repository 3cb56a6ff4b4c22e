import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Caller, Clock, Role, TokenVerifier } from '../core/index.ts';
import { shownValue } from '../core/index.ts';
import { RegistryError } from './errors.ts';
import { checkIdentityPattern } from './identity-pattern.ts';
import type { RecordStore } from './node-store.ts';

/** A token as it is listed; the token itself is shown once, when it is made. */
export interface TokenInfo {
  readonly name: string;
  readonly role: Role;
  /** What a `register` token may write. */
  readonly identityPattern?: string;
  /** When it was made, Unix seconds. */
  readonly created: number;
}

/** What {@link Tokens.add} makes a token from. */
export interface TokenWish {
  readonly name: string;
  readonly role: Role;
  /** Needed by `register`, refused by the others. */
  readonly identityPattern?: string | undefined;
}

/** The tokens of this store, and the local admin token beside them. */
export interface Tokens extends TokenVerifier {
  /**
   * Makes a token of 256 random bits and gives it, the only time it is seen.
   * @throws RegistryError `argument_invalid` naming the field.
   */
  add(wish: TokenWish): Promise<TokenInfo & { readonly token: string }>;
  /** False where there is none of this name. */
  remove(name: string): Promise<boolean>;
  /** All, in order of name. */
  list(): Promise<readonly TokenInfo[]>;
}

/** Settings of {@link createTokens}. */
export interface TokensOptions {
  readonly records: RecordStore;
  readonly clock: Clock;
  /** The local admin token, from {@link ensureAdminToken}; without it only stored tokens are known. */
  readonly adminToken?: string | undefined;
}

interface TokenRecord extends TokenInfo {
  /** SHA-256 of the token, hex; also the record's id. */
  readonly hash: string;
}

const TOKEN_BYTES = 32;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const ROLES: readonly string[] = ['read', 'register', 'admin'] satisfies Role[];
/** The name of the local admin token, which no other may have. */
const LOCAL_ADMIN = 'admin';
const PAGE = 200;

/** A token's text: 32 random bytes, base64url. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** True for a text of a token's shape. */
export function isTokenText(text: string): boolean {
  return TOKEN.test(text);
}

/**
 * Tokens kept hashed in the store: of 256 random bits nothing can be guessed, so one round of SHA-256 is enough. A token
 * is looked up by its hash, and the hashes are compared in constant time.
 */
export function createTokens(options: TokensOptions): Tokens {
  const { records, clock } = options;
  const adminHash = options.adminToken === undefined ? undefined : sha256(options.adminToken);

  async function all(): Promise<readonly TokenRecord[]> {
    const found: TokenRecord[] = [];
    let after: string | undefined;
    for (;;) {
      const page = await records.list<TokenRecord>('token', { limit: PAGE, ...(after === undefined ? {} : { after }) });
      found.push(...page.map((record) => record.value));
      if (page.length < PAGE) return found;
      after = page.at(-1)?.id;
    }
  }

  /** One at a time: two of one name at once would both see that there is none yet. */
  let turn: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  }

  return {
    async verify(token) {
      if (!isTokenText(token)) return undefined;
      const hash = sha256(token);
      if (adminHash !== undefined && timingSafeEqual(hash, adminHash)) {
        return { role: 'admin', callerid: `token=${LOCAL_ADMIN}` };
      }
      const record = await records.get<TokenRecord>('token', hash.toString('hex'));
      if (record === undefined || !timingSafeEqual(hash, Buffer.from(record.hash, 'hex'))) return undefined;
      return callerOf(record);
    },
    add: (wish) =>
      inTurn(async () => {
        const info: TokenInfo = { ...checked(wish), created: Math.floor(clock.nowMs() / 1000) };
        if ((await all()).some((one) => one.name === info.name)) {
          throw invalid(
            'name',
            info.name,
            'a token of this name is there already',
            'Remove it first, or take another name',
          );
        }
        const token = newToken();
        const hash = sha256(token).toString('hex');
        await records.create<TokenRecord>('token', hash, { ...info, hash });
        return { ...info, token };
      }),
    remove: (name) =>
      inTurn(async () => {
        let removed = false;
        // All of the name: another registry on the same store may have made one at the same moment.
        for (const record of await all()) {
          if (record.name === name) removed = (await records.delete('token', record.hash)) || removed;
        }
        return removed;
      }),
    async list() {
      const infos = (await all()).map(({ hash: _, ...info }) => info);
      return infos.sort((a, b) => (a.name < b.name ? -1 : 1));
    },
  };
}

function callerOf(record: TokenRecord): Caller {
  return {
    role: record.role,
    callerid: `token=${record.name}`,
    ...(record.identityPattern === undefined ? {} : { identityPattern: record.identityPattern }),
  };
}

function checked(wish: TokenWish): Omit<TokenInfo, 'created'> {
  const { name, role, identityPattern } = wish;
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw invalid('name', name, '1 to 64 of A-Z a-z 0-9 . _ - were expected', 'Give the token such a name');
  }
  if (name.toLowerCase() === LOCAL_ADMIN) {
    throw invalid('name', name, 'this is the name of the local admin token', 'Take another name');
  }
  if (!ROLES.includes(role)) throw invalid('role', role, 'read, register or admin was expected', 'Name one of them');
  if (role !== 'register') {
    if (identityPattern === undefined) return { name, role };
    throw invalid('identityPattern', identityPattern, `a token of role ${role} has none`, 'Leave it out');
  }
  if (identityPattern === undefined) {
    throw invalid(
      'identityPattern',
      null,
      'a register token needs the identity it may write',
      'Name one, or a pattern such as *.acme.net; * is every node',
    );
  }
  return { name, role, identityPattern: checkIdentityPattern(identityPattern, 'identityPattern') };
}

function invalid(field: string, value: unknown, why: string, remedy: string): RegistryError {
  return new RegistryError('argument_invalid', `${field} is ${shownValue(value)}: ${why}`, {
    field,
    value: shownValue(value),
    remedy,
  });
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
