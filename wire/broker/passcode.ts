import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/*
 * Passcodes of the users file: `scrypt$N$r$p$salt$hash`, salt and hash in base64url. Each check costs 32 MiB and some
 * 80 ms of a pool thread, so that a stolen file is slow to try; a passcode that was right once is remembered as a
 * keyed digest in memory, so that a thousand nodes that come back at once need not wait for that.
 */

const COST = Object.freeze({ N: 32_768, r: 8, p: 1 });
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Bounds on what a hash in a file may ask of us. */
const COST_MAX = Object.freeze({ N: 131_072, r: 16, p: 4 });

/** What a passcode hash looks like in the users file. */
export const PASSCODE_HASH_PATTERN =
  '^scrypt\\$[0-9]{1,6}\\$[0-9]{1,2}\\$[0-9]\\$[A-Za-z0-9_-]{11,86}\\$[A-Za-z0-9_-]{43}$';

interface Cost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

function derive(passcode: string, salt: Buffer, cost: Cost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passcode.normalize('NFC'), salt, HASH_BYTES, { ...cost, maxmem: 256 * cost.N * cost.r }, (error, hash) =>
      error === null ? resolve(hash) : reject(error),
    );
  });
}

/** The hash of a passcode as it stands in the users file under `passwordHash`. */
export async function hashPasscode(passcode: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(passcode, salt, COST);
  return `scrypt$${COST.N}$${COST.r}$${COST.p}$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

/** True where a hash of the file can be checked here: a power of two for N, and no cost beyond the bounds. */
export function passcodeHashUsable(hash: string): boolean {
  if (!new RegExp(PASSCODE_HASH_PATTERN).test(hash)) return false;
  const { N, r, p } = costOf(hash);
  return N > 1 && (N & (N - 1)) === 0 && N <= COST_MAX.N && r > 0 && r <= COST_MAX.r && p > 0 && p <= COST_MAX.p;
}

function costOf(hash: string): Cost {
  const [, N, r, p] = hash.split('$');
  return { N: Number(N), r: Number(r), p: Number(p) };
}

const digestKey = randomBytes(32);
const remembered = new Map<string, Buffer>();
/** Hashes whose right passcode is remembered. */
const REMEMBERED_MAX = 10_000;

/** True where the passcode is the one of the hash; compared in constant time. */
export async function passcodeMatches(passcode: string, hash: string): Promise<boolean> {
  const digest = createHmac('sha256', digestKey).update(passcode.normalize('NFC'), 'utf8').digest();
  const known = remembered.get(hash);
  if (known !== undefined && timingSafeEqual(known, digest)) return true;
  const [, , , , salt, expected] = hash.split('$');
  const given = await derive(passcode, Buffer.from(salt ?? '', 'base64url'), costOf(hash));
  const right = timingSafeEqual(given, Buffer.from(expected ?? '', 'base64url'));
  if (right) {
    if (remembered.size >= REMEMBERED_MAX) remembered.delete(remembered.keys().next().value as string);
    remembered.set(hash, digest);
  }
  return right;
}
