/** What a token or key may do. `admin` may all, `register` writes nodes, `read` asks. */
export type Role = 'read' | 'register' | 'admin';

/** Who makes a request, once proven. */
export interface Caller {
  readonly role: Role;
  /** For logs and `source.callerid`: `token=deploy`, `token=admin`, `anonymous=loopback`. */
  readonly callerid: string;
  /** What a `register` token may write: an identity, or a pattern with `*` for any run of characters. */
  readonly identityPattern?: string;
}

/** Says who a bearer token belongs to; undefined where it is not known. Compares in constant time. */
export interface TokenVerifier {
  verify(token: string): Promise<Caller | undefined>;
}

const RANK: Readonly<Record<Role, number>> = { read: 0, register: 1, admin: 2 };

/** True where a caller of `has` may do what needs `needs`. Registering does not include reading the fleet. */
export function roleAllows(has: Role, needs: Role): boolean {
  return has === 'admin' || RANK[has] === RANK[needs];
}
