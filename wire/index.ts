export { type BrokerBounds, brokerBounds } from './broker/bounds.ts';
export { type BrokerOptions, createBroker } from './broker/broker.ts';
export type { BrokerMetrics, DropReason } from './broker/metrics.ts';
export { hashPasscode } from './broker/passcode.ts';
export { checkRight, type DestinationKind, RIGHTS, type Right, readDestination } from './broker/rights.ts';
export { parseSelector, type Selector } from './broker/selector.ts';
export {
  type AuthenticateOptions,
  type BrokerUsers,
  brokerAuthenticate,
  loadBrokerUsers,
  readBrokerUsers,
} from './broker/users.ts';
export * from './broker-contract.ts';
export * from './errors.ts';
export { type BackOffRule, backOffMs } from './link/back-off.ts';
export { type BrokerLinkOptions, createBrokerLink, type LinkHost, type LinkLogin } from './link/broker-link.ts';
export type { LinkTls } from './link/tcp-socket.ts';
export * from './link.ts';
export * from './message.ts';
export { decodeMessage, MESSAGE_DEPTH_MAX } from './security/decode-message.ts';
export {
  MESSAGE_FORMAT,
  SEALED_BYTES_MAX,
  sealBytes,
  sealMessage,
  verifySealed,
  verifySealedOffThread,
} from './security/ed25519.ts';
export { joinProof, joinProofMatches } from './security/join-proof.ts';
export { NODE_LOGIN_SECONDS, type NodeLogin, nodeLogin, verifyNodeLogin } from './security/node-login.ts';
export { openSealed, securityProviders } from './security/open-sealed.ts';
export type { ProviderName, SecurityProvider } from './security/provider.ts';
export {
  fingerprint,
  generateSigningKey,
  loadOrCreateSigningKey,
  loadSigningKey,
  type SigningKey,
} from './security/signing-key.ts';
export {
  encodeFrame,
  type Frame,
  headersFor,
  negotiateVersion,
  type StompVersion,
} from './stomp/frame.ts';
export { type FrameBounds, type FrameHandlers, FrameParser, frameBounds } from './stomp/frame-parser.ts';
