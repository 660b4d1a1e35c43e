/** Signs messages before they are published. */
import { EncodedHeaders } from '../client/EncodedHeaders.ts'
import { headerBlock, withFields } from '../client/headers.ts'
import type { Sign, Signer } from '../client/signature.ts'
import { signatureHeader, signedBytes, toBase64Url } from '../client/signature.ts'
import { encodeHeaders } from './validate.ts'

/**
 * Makes the option `sign` of a publisher. Each message gets the header `Seq-Signature`. Headers that instrumentation of
 * the client adds later are not sent, because the signature does not cover them.
 *
 * @example
 * import { createUser, fromPublic } from '@nats-io/nkeys'
 * import { signWith, verifyWith } from 'nats-sequenced/signing'
 *
 * const keys = createUser()
 * const message = { subject: 'updates.1', data: new TextEncoder().encode('hello') }
 * const headers = signWith(keys)({ ...message, headers: undefined })
 * const verify = verifyWith([fromPublic(keys.getPublicKey())])
 * verify({ ...message, headers }) // true
 * verify({ ...message, subject: 'updates.2', headers }) // false
 *
 * @param signer a key pair of `@nats-io/nkeys`, or anything else that signs with ed25519
 * @since 0.1.0
 */
export const signWith =
  (signer: Signer): Sign =>
  ({ subject, data, headers }) => {
    const given = headers === undefined ? undefined : encodeHeaders(headers)
    // The clients encode an empty header set as nothing.
    const block = given === undefined || given.length === 0 ? headerBlock('', []) : given
    const signature = toBase64Url(signer.sign(signedBytes(subject, new EncodedHeaders(block), data)))
    return new EncodedHeaders(withFields(block, [[signatureHeader, signature]]))
  }
