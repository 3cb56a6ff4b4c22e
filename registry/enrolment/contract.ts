import { type Config, type Identity, isLoopback, parseListen } from '../../core/index.ts';
import type { RegistryError } from '../errors.ts';

/*
 * Which key speaks for which identity. A record of kind `key` under the identity's lower-case form says one of three:
 * this key is enrolled, these keys wait for approval, or the node is retired and no key speaks for it.
 */

/** How a new key is taken; `security.enrol`. */
export type EnrolmentMode = 'first-use' | 'approve' | 'join-token';

/** A key that asked for an identity and was not taken. */
export interface CandidateKey {
  readonly key: string;
  readonly fingerprint: string;
  readonly firstSeen: number;
  readonly lastSeen: number;
}

/** What is known of the key of an identity. */
export type KeyRecord = EnrolledRecord | WaitingRecord | ReleasedRecord;

/** The key that speaks for an identity. */
export interface EnrolledRecord {
  readonly state: 'enrolled';
  readonly identity: Identity;
  /** Public key, base64url. */
  readonly key: string;
  readonly fingerprint: string;
  /** Unix seconds. */
  readonly since: number;
  readonly by: 'first-use' | 'approval' | 'join-token';
}

/** Keys wait: for approval, or because the node is retired. */
export interface WaitingRecord {
  readonly state: 'pending' | 'retired';
  readonly identity: Identity;
  readonly since: number;
  readonly candidates: readonly CandidateKey[];
}

/**
 * The key was taken off: the next one is taken by the rules of a new node, but only by a message made since. A message of
 * the old key, kept by somebody, would otherwise bind that key again.
 */
export interface ReleasedRecord {
  readonly state: 'released';
  readonly identity: Identity;
  /** Unix seconds. */
  readonly since: number;
}

/** A key and what came with it. */
export interface KeyClaim {
  readonly identity: Identity;
  readonly key: string;
  readonly senderid: string;
  readonly msgtime: number;
  readonly join?: string | undefined;
}

/** What {@link Enrolment.admit} says of a claim: nothing where the key speaks for the identity. */
export interface NotAdmitted {
  readonly error: RegistryError;
  /** True where this key waits already: nothing new for an operator to see. */
  readonly seenBefore: boolean;
}

/** How a key stands to an identity, without changing anything. */
export type Standing = 'enrolled' | 'waiting' | 'unknown' | 'owned-by-another' | 'retired';

/** The enrolled keys of a store. */
export interface Enrolment {
  readonly mode: EnrolmentMode;
  /** Takes a claim by the rules: enrols, lets wait, or refuses. The first of two at once wins. */
  admit(claim: KeyClaim): Promise<NotAdmitted | undefined>;
  standing(identity: Identity, key: string): Promise<Standing>;
  /**
   * Enrols the key that waits.
   * @param wanted the fingerprint, needed where several wait.
   * @throws RegistryError `identity_unknown` where none waits, `argument_invalid` where several do.
   */
  approve(identity: Identity, wanted?: string): Promise<KeyRecord>;
  /** Takes the key off the identity: the next one is taken by the rules of a new node. False where there was none. */
  unbind(identity: Identity): Promise<boolean>;
  /** As {@link unbind}, and no key is taken until the node is restored or approved. */
  bar(identity: Identity): Promise<void>;
  get(identity: Identity): Promise<KeyRecord | undefined>;
  /** Records in order of identity. */
  list(options: ListOptions): Promise<readonly KeyRecord[]>;
}

/** What {@link Enrolment.list} gives. */
export interface ListOptions {
  /** Records after this identity. */
  readonly after?: string | undefined;
  readonly limit: number;
  /** Only those in which a key waits for an operator. */
  readonly waitingOnly?: boolean;
}

/** How new keys are taken: as set, else first use where every listener is on loopback, approval otherwise. */
export function enrolmentModeOf(config: Config): EnrolmentMode {
  if (config.security.enrol !== undefined) return config.security.enrol;
  const { embedded } = config.broker;
  const local =
    embedded !== false &&
    isLoopback(parseListen(embedded, 'broker.embedded').host) &&
    isLoopback(parseListen(config.http.listen, 'http.listen').host);
  return local ? 'first-use' : 'approve';
}
