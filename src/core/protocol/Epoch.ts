/**
 * The name of one run of a sender: `@` and 10 random base-36 characters. A sender draws a new one at each start.
 *
 * @module
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Eq as EqOf } from 'fp-ts/lib/Eq.js'
import type { Show as ShowOf } from 'fp-ts/lib/Show.js'
import * as string from 'fp-ts/lib/string.js'
import type * as t from 'io-ts'
import { ofParser, quoted } from '../internal/codec.ts'
import type { Token } from './Subject.ts'

interface EpochBrand {
  readonly Epoch: unique symbol
}

/** For example `@k3v9x0a1bz`. An epoch is one subject token. @since 0.1.0 */
export type Epoch = t.Branded<Token, EpochBrand>

/** A string that is not an epoch. @since 0.1.0 */
export interface NotAnEpoch {
  readonly _tag: 'NotAnEpoch'
  readonly epoch: string
}

const shape = /^@[0-9a-z]{10}$/

/** True for `@` and 10 characters of 0-9 and a-z. @since 0.1.0 */
export const is = (s: unknown): s is Epoch => typeof s === 'string' && s.length === 11 && shape.test(s)

/** Parses an epoch. @since 0.1.0 */
export const parse = (s: string): E.Either<NotAnEpoch, Epoch> =>
  is(s) ? E.right(s) : E.left({ _tag: 'NotAnEpoch', epoch: s })

/** Describes the error in one sentence. @since 0.1.0 */
export const explain = (e: NotAnEpoch): string =>
  `${quoted(e.epoch)} is not an epoch: an epoch is "@" and 10 characters of 0-9 and a-z.`

/** The codec of an epoch, in JSON and in subjects. @since 0.1.0 */
export const codec: t.Type<Epoch, string, unknown> = /* @__PURE__ */ ofParser('Epoch', is, parse, explain, s => s)

const radix = 36n
const digits = 10

/**
 * Makes an epoch from 8 random bytes. It uses 51.7 of the 64 bits. Missing bytes count as zeros.
 *
 * @example
 * import { Epoch } from 'nats-sequenced/core'
 *
 * Epoch.fromEntropy(new Uint8Array(8)) // '@0000000000'
 *
 * @since 0.1.0
 */
export const fromEntropy = (bytes: Uint8Array): Epoch => {
  let n = 0n
  for (let i = 0; i < 8; i++) n = n * 256n + BigInt(bytes[i] ?? 0)
  const epoch = `@${(n % radix ** BigInt(digits)).toString(36).padStart(digits, '0')}`
  return is(epoch) ? epoch : fromEntropy(new Uint8Array(8))
}

/** Equal if they name the same run. Epochs have no order: the name does not show which run is newer. @since 0.1.0 */
export const Eq: EqOf<Epoch> = string.Eq

/** Shows the epoch unchanged. @since 0.1.0 */
export const Show: ShowOf<Epoch> = { show: epoch => epoch }
