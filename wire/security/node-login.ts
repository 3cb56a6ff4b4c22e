import { verify } from 'node:crypto';
import { type Clock, epochSeconds, parseIdentity, shownValue, systemClock } from '../../core/index.ts';
import type { Login, Principal } from '../broker-contract.ts';
import { WireError } from '../errors.ts';
import type { FrameHeaders } from '../link.ts';
import { canonicalBytes } from './base64url.ts';
import { SIGNATURE_BYTES, type SigningKey } from './signing-key.ts';
import { verifyingKey } from './verifying-keys.ts';

/** How far a login's time may be from the broker's clock, seconds; longer than clocks usually differ, too short to keep. */
export const NODE_LOGIN_SECONDS = 60;

const LOGIN_HEAD = 'node:';

/** What a node logs in with at the embedded broker; fits into the options of createBrokerLink. */
export interface NodeLogin {
  readonly login: string;
  /** Made anew for every connection: it says when it was made, and is signed. */
  readonly passcode: () => string;
  readonly headers: FrameHeaders;
}

/** The login of a node that holds `key`. The broker checks it by the key that the registry has bound to the identity. */
export function nodeLogin(identity: string, key: SigningKey, clock: Clock = systemClock): NodeLogin {
  return {
    login: `${LOGIN_HEAD}${identity}`,
    passcode: () => {
      const seconds = String(epochSeconds(clock));
      return `${seconds}.${Buffer.from(key.sign(signedText(identity, seconds))).toString('base64url')}`;
    },
    headers: { 'muster-key': key.publicKey },
  };
}

function signedText(identity: string, seconds: string): Buffer {
  return Buffer.from(`muster-login\n${identity}\n${seconds}`, 'utf8');
}

/** True where a login is a node's, to be checked by {@link verifyNodeLogin}. */
export function isNodeLogin(login: Login): boolean {
  return login.login?.startsWith(LOGIN_HEAD) === true;
}

/**
 * Who a node's login proves it to be: the node, where its key is the one bound to the identity. A node that is not
 * enrolled yet has no bound key; it has proved only that it holds some key, and becomes `anonymous`: enough to send its
 * first registration, and nothing more.
 * @throws WireError `broker_refused`.
 */
export async function verifyNodeLogin(
  login: Login,
  boundKeyOf: (identity: string) => Promise<string | undefined>,
  clock: Clock = systemClock,
): Promise<Principal> {
  const identity = login.login?.slice(LOGIN_HEAD.length) ?? '';
  const refuse = (why: string): never => {
    throw new WireError('broker_refused', `The login of node ${shownValue(identity)} is refused: ${why}`, {
      identity: shownValue(identity),
      remedy: 'Check the node’s clock and key; muster node rebind if the host was rebuilt',
    });
  };
  try {
    parseIdentity(identity);
  } catch {
    refuse('it is not an identity');
  }
  const parts = /^([0-9]{1,12})\.([A-Za-z0-9_-]+)$/.exec(login.passcode ?? '');
  const seconds = parts?.[1] ?? '';
  const signature = canonicalBytes(parts?.[2], SIGNATURE_BYTES);
  const publicKey = login.headers['muster-key'] ?? '';
  const key = verifyingKey(publicKey);
  if (signature === undefined || key === undefined) return refuse('key or passcode are malformed');
  const apart = Number(seconds) - epochSeconds(clock);
  if (Math.abs(apart) > NODE_LOGIN_SECONDS) refuse(`it is dated ${apart} s from the broker’s clock`);
  if (!(await verifyOffThread(signedText(identity, seconds), key, signature))) refuse('its signature is wrong');
  const bound = await boundKeyOf(identity);
  if (bound === undefined) return { kind: 'anonymous' };
  // Public keys are no secrets: an ordinary comparison tells nothing that is not known.
  if (bound !== publicKey) refuse('the identity belongs to another key');
  return { kind: 'node', identity };
}

function verifyOffThread(
  text: Buffer,
  key: NonNullable<ReturnType<typeof verifyingKey>>,
  signature: Buffer,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    verify(null, text, key, signature, (error, valid) => (error === null ? resolve(valid) : reject(error)));
  });
}
