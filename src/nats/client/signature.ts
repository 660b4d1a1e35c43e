/** Signatures of messages: what is signed, and how a signature is written. */
import type { Headers } from '../../core/protocol/Headers.ts'

/** Signs bytes with ed25519. A key pair of `@nats-io/nkeys` is one. @since 0.1.0 */
export interface Signer {
  /** Returns the signature: 64 bytes. */
  sign(input: Uint8Array): Uint8Array
}

/** Verifies a signature of ed25519. A public key of `@nats-io/nkeys` (`fromPublic`) is one. @since 0.1.0 */
export interface Verifier {
  /** True if the signature is that of these bytes. It may throw for a signature of another size. */
  verify(input: Uint8Array, signature: Uint8Array): boolean
}

/** The parts of a message that a signature covers. @since 0.1.0 */
export interface SignedParts {
  /** The data subject, such as `updates.42`. */
  readonly subject: string
  readonly data: Uint8Array
  readonly headers: Headers | undefined
}

/** Returns the headers of a message with its signature. @since 0.1.0 */
export type Sign = (message: SignedParts) => Headers

/** True if a message has a valid signature. @since 0.1.0 */
export type Verify = (message: SignedParts) => boolean

/** The header with the signature, as base64url. Its last value counts. */
export const signatureHeader = 'Seq-Signature'

const encoder = new TextEncoder()

/** Keeps a signature of a message apart from whatever else the key pair signs. */
const preamble = 'nats-sequenced message 1'

/**
 * The bytes to sign: a preamble, the subject, the header fields in their order, an empty line, and the payload. No part
 * can contain a line break but the payload, which is last.
 */
export const signedBytes = (subject: string, fields: Iterable<[string, string[]]>, data: Uint8Array): Uint8Array => {
  let text = `${preamble}\r\n${subject}\r\n`
  for (const [name, values] of fields) for (const value of values) text += `${name}:${value}\r\n`
  const start = encoder.encode(`${text}\r\n`)
  const whole = new Uint8Array(start.length + data.length)
  whole.set(start)
  whole.set(data, start.length)
  return whole
}

export const toBase64Url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')

/** Throws for other text. */
export const fromBase64Url = (text: string): Uint8Array =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), c => c.charCodeAt(0))
