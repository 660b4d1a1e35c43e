/** Names that nobody has drawn before. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Epoch } from '../core/Epoch.ts'
import { fromEntropy } from '../core/Epoch.ts'
import type { Connection } from './Connection.ts'

const draw = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes))

export const drawEpoch = (): Epoch => fromEntropy(draw(8))

// Both clients keep the options of `connect` there, though their types don't say so.
const withInboxPrefix = t.type({ options: t.type({ inboxPrefix: t.string }) })

/** Where the answers to a connection's requests arrive: permissions may depend on it. */
export const inboxPrefix = (nc: Connection): string => {
  const options = withInboxPrefix.decode(nc)
  return E.isRight(options) ? options.right.options.inboxPrefix : '_INBOX'
}

/** A subject of our own for answers. */
export const drawInbox = (prefix: string): string =>
  `${prefix}.${[...draw(16)].map(b => b.toString(16).padStart(2, '0')).join('')}`

export const drawSeed = (): number => crypto.getRandomValues(new Int32Array(1))[0] ?? 0
