/**
 * Signatures of messages, for users who share permissions. Nothing of it is loaded unless it is imported. The key pairs
 * come from `@nats-io/nkeys`, or from any other implementation of ed25519.
 *
 * @module
 * @since 0.1.0
 */
export type { Sign, SignedParts, Signer, Verifier, Verify } from './nats/client/signature.ts'
export { signWith } from './nats/publish/signWith.ts'
export { verified, verifyWith } from './nats/receive/verification.ts'
