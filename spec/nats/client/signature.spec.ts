import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import * as Address from '../../../src/core/protocol/Address.ts'
import { HeaderFields } from '../../../src/nats/client/HeaderFields.ts'
import { fromBase64Url, signedBytes, toBase64Url } from '../../../src/nats/client/signature.ts'
import { signWith, verifyWith } from '../../../src/signing.ts'
import { addressing, addressOf } from '../../core/arbitraries.ts'

const encoder = new TextEncoder()

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const signing = signWith({ sign: input => sign(null, input, privateKey) })
const verifying = verifyWith([{ verify: (input, signature) => verify(null, input, publicKey, signature) }])

const fields = fc
  .array(fc.tuple(fc.constantFrom('A', 'B', 'a', 'Seq-Signature'), fc.constantFrom('', '1', 'A:1', '1 2', 'é')), {
    maxLength: 4,
  })
  .map(list => new HeaderFields(encoder.encode(`NATS/1.0\r\n${list.map(([k, v]) => `${k}:${v}\r\n`).join('')}\r\n`)))

const data = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  // Looks like more headers, or like less.
  fc.constantFrom('', '\r\n', 'A:1\r\n', 'A:1\r\n\r\n').map(text => encoder.encode(text)),
)

const message = fc.record({
  subject: addressing.chain(addressOf).map(Address.format),
  headers: fc.oneof(fc.constant(undefined), fields),
  data,
})

test('signatures of different messages cover different bytes', () => {
  fc.assert(
    fc.property(fc.tuple(message, message), ([a, b]) => {
      const parts = [a, b].map(m => JSON.stringify([m.subject, [...(m.headers ?? [])], [...m.data]]))
      const bytes = [a, b].map(m => Buffer.from(signedBytes(m.subject, m.headers ?? [], m.data)).toString('hex'))
      expect(bytes[0] === bytes[1]).toBe(parts[0] === parts[1])
    }),
  )
})

test('a signed message verifies, and no longer with one byte, header or number changed', () => {
  fc.assert(
    fc.property(message, m => {
      const headers = signing(m)
      expect(verifying({ ...m, headers })).toBe(true)
      expect(verifying({ ...m, headers, data: Uint8Array.of(...m.data, 0) })).toBe(false)
      expect(verifying({ ...m, headers, subject: `${m.subject}0` })).toBe(false)
      headers.append('Added', '1')
      expect(verifying({ ...m, headers })).toBe(false)
    }),
  )
})

test('any text in the place of a signature is refused without an error', () => {
  fc.assert(
    fc.property(message, fc.oneof(fc.string(), fc.uint8Array().map(toBase64Url)), (m, text) => {
      const headers = new HeaderFields(encoder.encode('NATS/1.0\r\n\r\n'))
      headers.append('Seq-Signature', text.replace(/[\r\n]/g, ''))
      expect(verifying({ ...m, headers })).toBe(false)
    }),
  )
})

test('a message whose subject has no number is refused, although it is signed', () => {
  const plain = { subject: 'updates', data: encoder.encode('a'), headers: undefined }
  expect(verifying({ ...plain, headers: signing(plain) })).toBe(false)
})

test('base64url is read as it was written', () => {
  fc.assert(fc.property(fc.uint8Array(), bytes => expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes)))
})
