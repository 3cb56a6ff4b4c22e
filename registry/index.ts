export { ensureAdminToken } from './admin-token.ts';
export { type AdminRoutesOptions, adminRoutes } from './consumers/admin.ts';
export { type RegistrationRoutesOptions, registrationRoutes } from './consumers/http.ts';
export type { IntakeReport, RefusalEntry } from './consumers/intake.ts';
export { consumeFromBroker, consumeFromLink, type StompConsumerOptions } from './consumers/stomp.ts';
export type { DeadLetter, DeadLetterHead, DeadLetters } from './dead-letters.ts';
export * from './embedded/index.ts';
export {
  type CandidateKey,
  type EnrolledRecord,
  type Enrolment,
  type EnrolmentMode,
  enrolmentModeOf,
  type KeyRecord,
  type Standing,
  type WaitingRecord,
} from './enrolment/contract.ts';
export { RegistryError } from './errors.ts';
export { matchesIdentityPattern } from './identity-pattern.ts';
export type { NodeAdmin, NodeDone } from './node-admin.ts';
export * from './node-store.ts';
export type { Origin } from './origin.ts';
export type { Outcome, RefusedOutcome, Taken } from './pipeline/outcome.ts';
export { createRegistry, type Registry, type RegistryOptions } from './registry.ts';
export { createTokens, type TokenInfo, type Tokens, type TokensOptions, type TokenWish } from './tokens.ts';
export * from './visible-soon.ts';
