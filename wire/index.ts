export * from './broker-contract.ts';
export * from './errors.ts';
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
