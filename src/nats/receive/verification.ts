/** Verifies signatures of messages, before the receiver sees them: a forged message must not take a number. */
import * as E from 'fp-ts/lib/Either.js'
import * as Address from '../../core/protocol/Address.ts'
import type { Origin } from '../../core/protocol/Origin.ts'
import type { Delivery, Unverified } from '../../core/receiver/Delivery.ts'
import type { SignedParts, Verifier, Verify } from '../client/signature.ts'
import { fromBase64Url, signatureHeader, signedBytes } from '../client/signature.ts'

/** The origin of a data subject, in either addressing. No subject is an address in both. */
const originOf = (subject: string): Origin | undefined => {
  const own = Address.parse('perSender')(subject)
  const address = E.isRight(own) ? own : Address.parse('single')(subject)
  return E.isRight(address) ? address.right.origin : undefined
}

const isSignedBy = ({ subject, data, headers }: SignedParts, verifiers: ReadonlyArray<Verifier>): boolean => {
  const signature = headers?.values(signatureHeader).at(-1)
  if (headers === undefined || signature === undefined) return false
  // The header without its last value is what was signed.
  const fields = [...headers].map(([name, values]): [string, string[]] => [
    name,
    name === signatureHeader ? values.slice(0, -1) : values,
  ])
  const bytes = signedBytes(subject, fields, data)
  const signed = fromBase64Url(signature)
  return verifiers.some(verifier => verifier.verify(bytes, signed))
}

/**
 * Makes the option `verify` of a subscription: accepts messages that one of the keys has signed. A message without a
 * number in its subject is never accepted.
 *
 * @param keys public keys, or a function that returns the keys of a sender: for `perSender`, look them up by
 *   `origin.run.sender`
 * @since 0.1.0
 */
export const verifyWith =
  (keys: ReadonlyArray<Verifier> | ((origin: Origin) => ReadonlyArray<Verifier>)): Verify =>
  message => {
    const origin = originOf(message.subject)
    try {
      return origin !== undefined && isSignedBy(message, typeof keys === 'function' ? keys(origin) : keys)
    } catch {
      // Not base64, or not the size of a signature.
      return false
    }
  }

/**
 * A stage for deliveries that were received without the option `verify`, such as those of a recording. Notices pass.
 *
 * @since 0.1.0
 */
export const verified =
  (verify: Verify) =>
  <D extends Delivery<Uint8Array>>(d: D): E.Either<Unverified, D> => {
    if (d._tag !== 'Message' && d._tag !== 'Unsequenced') return E.right(d)
    const subject = d._tag === 'Message' ? `${d.origin}.${d.number}` : d.subject
    return verify({ subject, data: d.data, headers: d.headers })
      ? E.right(d)
      : E.left({ _tag: 'Unverified', subject, count: 1 })
  }
