// The inputs of signatures.json. The reference adds the bytes that are signed, and their signature with a fixed key.
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { Fields } from '../reference/answers.ts'

// An ed25519 key in PKCS #8: a fixed prefix, then the 32 bytes of the seed.
const seed = Buffer.from('nats-sequenced test vectors, key')
const prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const key = createPrivateKey({ key: Buffer.concat([prefix, seed]), format: 'der', type: 'pkcs8' })

const alice = 'updates.alice.@k3v9x0a1bz'

const messages: ReadonlyArray<readonly [what: string, subject: string, headers: Fields, payload: Buffer]> = [
  ['no headers', 'updates.42', [], Buffer.from('hello')],
  ['no payload', `${alice}.1`, [], Buffer.from('')],
  ['bytes', 'updates.43', [], Buffer.from([0, 13, 10, 255])],
  ['one header', 'updates.44', [['Trace', 'a']], Buffer.from('hello')],
  [
    'values of a name follow each other, where the name is first',
    'updates.45',
    [
      ['A', '1'],
      ['B', '2'],
      ['A', '3'],
      ['Empty', ''],
    ],
    Buffer.from('hello'),
  ],
]

/** SG1 */
const signedBytes = (subject: string, headers: Fields, payload: Buffer): Buffer => {
  const names = [...new Set(headers.map(([name]) => name))]
  const lines = names.flatMap(name => headers.filter(([k]) => k === name).map(([k, v]) => `${k}:${v}`))
  return Buffer.concat([Buffer.from(['nats-sequenced message 1', subject, ...lines, '', ''].join('\r\n')), payload])
}

export const signatures = () => ({
  publicKey: createPublicKey(key).export({ format: 'jwk' }).x,
  messages: messages.map(([what, subject, headers, payload]) => {
    const bytes = signedBytes(subject, headers, payload)
    return {
      rules: ['SG1'],
      what,
      subject,
      headers,
      payload: payload.toString('base64'),
      signed: bytes.toString('base64'),
      signature: sign(null, bytes, key).toString('base64url'),
    }
  }),
})
