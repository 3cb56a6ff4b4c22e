import {
  type Clock,
  epochSeconds,
  type Identity,
  type IdentityKey,
  identityKey,
  type Logger,
} from '../../core/index.ts';
import { fingerprint, joinProofMatches } from '../../wire/index.ts';
import { RegistryError } from '../errors.ts';
import type { RecordStore } from '../node-store.ts';
import type {
  CandidateKey,
  EnrolledRecord,
  Enrolment,
  EnrolmentMode,
  KeyClaim,
  KeyRecord,
  ListOptions,
  NotAdmitted,
  Standing,
  WaitingRecord,
} from './contract.ts';
import {
  beforeRelease,
  nothingWaits,
  owned,
  pending,
  retired,
  severalWait,
  unknownSender,
  wrongJoin,
} from './refusals.ts';

/** Settings of {@link createEnrolment}. */
export interface EnrolmentOptions {
  readonly records: RecordStore;
  readonly mode: EnrolmentMode;
  /** Needed by the mode `join-token`. */
  readonly joinToken?: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keys that may wait for one identity; the one seen least lately makes room. */
const CANDIDATES_MAX = 8;
/** Identities that may wait; a stranger who makes up names fills no disk. */
const WAITING_MAX = 10_000;
/** How exact the time is at which a waiting key was seen last: no sender makes us write more often. */
const LAST_SEEN_SECONDS = 60;
const PAGE = 500;

/** The enrolment of a store. */
export function createEnrolment(options: EnrolmentOptions): Enrolment {
  return new RecordedEnrolment(options);
}

class RecordedEnrolment implements Enrolment {
  readonly mode: EnrolmentMode;
  readonly #records: RecordStore;
  readonly #joinToken: string | undefined;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /**
   * Changes to one identity go one after the other, so that none overwrites what another has just written; those to
   * several go together, so that a fleet's first keys share the store's commits.
   */
  readonly #turns = new Map<IdentityKey, Promise<unknown>>();
  /** Identities that wait; counted once, when the first one is to be added. */
  #waiting: number | undefined;
  #counting: Promise<number> | undefined;

  constructor(options: EnrolmentOptions) {
    this.mode = options.mode;
    this.#records = options.records;
    this.#joinToken = options.joinToken;
    this.#clock = options.clock;
    this.#logger = options.logger;
    if (options.mode === 'join-token' && options.joinToken === undefined) {
      throw new RegistryError('config_invalid', 'security.enrol is join-token and security.joinTokenFile is not set', {
        field: 'security.joinTokenFile',
      });
    }
  }

  async admit(claim: KeyClaim): Promise<NotAdmitted | undefined> {
    const record = await this.get(claim.identity);
    if (record?.state === 'enrolled') return record.key === claim.key ? undefined : owned(claim, record.fingerprint);
    return this.#inTurn(claim.identity, () => this.#admitNew(claim));
  }

  async standing(identity: Identity, key: string): Promise<Standing> {
    const record = await this.get(identity);
    if (record === undefined) return 'unknown';
    if (record.state === 'enrolled') return record.key === key ? 'enrolled' : 'owned-by-another';
    if (record.state === 'released') return 'unknown';
    return record.state === 'retired' ? 'retired' : 'waiting';
  }

  approve(identity: Identity, wanted?: string): Promise<KeyRecord> {
    return this.#inTurn(identity, async () => {
      const record = await this.get(identity);
      const waiting = record !== undefined && 'candidates' in record ? record.candidates : [];
      const fitting = wanted === undefined ? waiting : waiting.filter((one) => one.fingerprint === wanted);
      const [candidate] = fitting;
      if (candidate === undefined) throw nothingWaits(identity, wanted, waiting);
      if (fitting.length > 1) throw severalWait(identity, waiting);
      return this.#enrol(record?.identity ?? identity, candidate.key, 'approval', record);
    });
  }

  unbind(identity: Identity): Promise<boolean> {
    return this.#inTurn(identity, async () => {
      const record = await this.get(identity);
      this.#forgetWaiting(record);
      const released: KeyRecord = { state: 'released', identity, since: epochSeconds(this.#clock) };
      await this.#records.put('key', identityKey(identity), released);
      return record !== undefined && record.state !== 'released';
    });
  }

  bar(identity: Identity): Promise<void> {
    return this.#inTurn(identity, async () => {
      this.#forgetWaiting(await this.get(identity));
      const record: KeyRecord = { state: 'retired', identity, since: epochSeconds(this.#clock), candidates: [] };
      await this.#records.put('key', identityKey(identity), record);
    });
  }

  get(identity: Identity): Promise<KeyRecord | undefined> {
    return this.#records.get<KeyRecord>('key', identityKey(identity));
  }

  async list(options: ListOptions): Promise<readonly KeyRecord[]> {
    const found: KeyRecord[] = [];
    for await (const record of this.#all(options.after)) {
      if (options.waitingOnly === true && !isWaiting(record)) continue;
      found.push(record);
      if (found.length >= options.limit) break;
    }
    return found;
  }

  /** A claim on an identity that no key is enrolled for. */
  async #admitNew(claim: KeyClaim): Promise<NotAdmitted | undefined> {
    const record = await this.get(claim.identity);
    if (record?.state === 'enrolled') return record.key === claim.key ? undefined : owned(claim, record.fingerprint);
    if (record?.state === 'retired') return this.#wait(claim, record);
    if (record?.state === 'released' && claim.msgtime < record.since) return beforeRelease(claim, record.since);
    if (this.mode === 'first-use') return this.#enrolFirst(claim, 'first-use', record);
    if (this.mode === 'join-token' && claim.join !== undefined) {
      return this.#joins(claim) ? this.#enrolFirst(claim, 'join-token', record) : wrongJoin(claim);
    }
    return this.#wait(claim, record);
  }

  #joins({ join, key, senderid, msgtime }: KeyClaim): boolean {
    const token = this.#joinToken;
    return join !== undefined && token !== undefined && joinProofMatches(join, token, key, senderid, msgtime);
  }

  async #enrolFirst(
    claim: KeyClaim,
    by: EnrolledRecord['by'],
    waiting: KeyRecord | undefined,
  ): Promise<NotAdmitted | undefined> {
    if (waiting !== undefined) {
      await this.#enrol(claim.identity, claim.key, by, waiting);
      return undefined;
    }
    const record = this.#enrolled(claim.identity, claim.key, by);
    if (await this.#records.create<KeyRecord>('key', identityKey(claim.identity), record)) {
      this.#logger.info({ identity: claim.identity, fingerprint: record.fingerprint, by }, 'key enrolled');
      return undefined;
    }
    // Another registry on the same store was quicker.
    const winner = await this.get(claim.identity);
    if (winner?.state === 'enrolled') return winner.key === claim.key ? undefined : owned(claim, winner.fingerprint);
    return this.#wait(claim, winner);
  }

  async #enrol(
    identity: Identity,
    key: string,
    by: EnrolledRecord['by'],
    before: KeyRecord | undefined,
  ): Promise<KeyRecord> {
    const record = this.#enrolled(identity, key, by);
    await this.#records.put<KeyRecord>('key', identityKey(identity), record);
    this.#forgetWaiting(before);
    this.#logger.info({ identity, fingerprint: record.fingerprint, by }, 'key enrolled');
    return record;
  }

  #enrolled(identity: Identity, key: string, by: EnrolledRecord['by']): EnrolledRecord {
    return { state: 'enrolled', identity, key, fingerprint: fingerprint(key), since: epochSeconds(this.#clock), by };
  }

  /** Adds the key to those that wait; a new identity only while there is room. */
  async #wait(claim: KeyClaim, record: KeyRecord | undefined): Promise<NotAdmitted> {
    const now = epochSeconds(this.#clock);
    const before = record !== undefined && 'candidates' in record ? record : undefined;
    const state = before?.state ?? 'pending';
    if (before === undefined) {
      if (this.#waiting === undefined) {
        this.#counting ??= this.#countWaiting();
        const counted = await this.#counting;
        this.#waiting ??= counted;
      }
      if (this.#waiting >= WAITING_MAX) return unknownSender(claim, WAITING_MAX);
      this.#waiting += 1;
    }
    const known = before?.candidates.find((one) => one.key === claim.key);
    const others = (before?.candidates ?? []).filter((one) => one.key !== claim.key);
    const candidate: CandidateKey = {
      key: claim.key,
      fingerprint: fingerprint(claim.key),
      firstSeen: known?.firstSeen ?? now,
      lastSeen: now,
    };
    const candidates = [candidate, ...others].slice(0, CANDIDATES_MAX);
    const identity = before?.identity ?? claim.identity;
    if (known === undefined || now - known.lastSeen >= LAST_SEEN_SECONDS) {
      const waiting: WaitingRecord = { state, identity, since: before?.since ?? now, candidates };
      await this.#records.put<KeyRecord>('key', identityKey(identity), waiting);
    }
    return { error: state === 'retired' ? retired(claim) : pending(claim), seenBefore: known !== undefined };
  }

  #forgetWaiting(record: KeyRecord | undefined): void {
    if (this.#waiting !== undefined && record?.state === 'pending') this.#waiting -= 1;
  }

  async #countWaiting(): Promise<number> {
    let count = 0;
    for await (const record of this.#all(undefined)) if (record.state === 'pending') count += 1;
    return count;
  }

  async *#all(from: string | undefined): AsyncIterable<KeyRecord> {
    let after = from?.toLowerCase();
    for (;;) {
      const page = await this.#records.list<KeyRecord>('key', {
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      for (const { value } of page) yield value;
      if (page.length < PAGE) return;
      after = page.at(-1)?.id;
    }
  }

  #inTurn<T>(identity: Identity, work: () => Promise<T>): Promise<T> {
    const key = identityKey(identity);
    const done = (this.#turns.get(key) ?? Promise.resolve()).then(work);
    const ended: Promise<unknown> = done
      .catch(() => undefined)
      .then(() => {
        if (this.#turns.get(key) === ended) this.#turns.delete(key);
      });
    this.#turns.set(key, ended);
    return done;
  }
}

/** Waiting for an operator: pending, or retired and knocking again. */
function isWaiting(record: KeyRecord): boolean {
  return 'candidates' in record && record.candidates.length > 0;
}
