/**
 * Sequence numbers: 1, 2, 3 … 2^53-1, and their canonical decimal token.
 *
 * Each number has exactly one spelling: `01`, `+1`, `1e3`, `0x1` and `""` are not numbers. So each subject names one
 * message, and each message has one subject.
 *
 * @module
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Eq as EqOf } from 'fp-ts/lib/Eq.js'
import * as number from 'fp-ts/lib/number.js'
import type { Option } from 'fp-ts/lib/Option.js'
import * as O from 'fp-ts/lib/Option.js'
import type { Ord as OrdOf } from 'fp-ts/lib/Ord.js'
import type { Show as ShowOf } from 'fp-ts/lib/Show.js'
import type * as t from 'io-ts'
import { ofGuard, ofParser, quoted } from '../internal/codec.ts'

interface SequenceNumberBrand {
  readonly SequenceNumber: unique symbol
}

/** An integer from 1 to 2^53-1. @since 0.1.0 */
export type SequenceNumber = t.Branded<number, SequenceNumberBrand>

/** Why a token is not a sequence number. @since 0.1.0 */
export type Reason =
  | 'it is empty'
  | 'it has other characters than the digits 0 to 9'
  | 'it has a leading zero'
  | 'it is larger than 9007199254740991'

/** A token that is not a sequence number, and why. @since 0.1.0 */
export interface NotASequenceNumber {
  readonly _tag: 'NotASequenceNumber'
  readonly token: string
  readonly reason: Reason
}

/** True for integers from 1 to 2^53-1. @since 0.1.0 */
export const is = (n: unknown): n is SequenceNumber => typeof n === 'number' && Number.isSafeInteger(n) && n > 0

/** The nearest sequence number: 1 for lower values and for `NaN`, 2^53-1 for higher values. @since 0.1.0 */
export const nearest = (n: number): SequenceNumber => {
  const near = Math.min(Math.trunc(n), Number.MAX_SAFE_INTEGER)
  return is(near) ? near : nearest(1)
}

/** 1 @since 0.1.0 */
export const first: SequenceNumber = /* @__PURE__ */ nearest(1)

/** 2^53-1 @since 0.1.0 */
export const last: SequenceNumber = /* @__PURE__ */ nearest(Number.MAX_SAFE_INTEGER)

/** The number after this one; `none` after 2^53-1. @since 0.1.0 */
export const next = (n: SequenceNumber): Option<SequenceNumber> => (n === last ? O.none : O.some(nearest(n + 1)))

const notASequenceNumber = (token: string, reason: Reason): NotASequenceNumber => ({
  _tag: 'NotASequenceNumber',
  token,
  reason,
})

const ZERO = 48

/**
 * Parses a token. It accepts exactly what `format` prints.
 *
 * @example
 * import { SequenceNumber } from 'nats-sequenced/core'
 *
 * SequenceNumber.parse('42') // right(42)
 * SequenceNumber.parse('042') // left({ _tag: 'NotASequenceNumber', token: '042', reason: 'it has a leading zero' })
 *
 * @since 0.1.0
 */
export const parse = (token: string): E.Either<NotASequenceNumber, SequenceNumber> => {
  if (token.length === 0) return E.left(notASequenceNumber(token, 'it is empty'))
  let n = 0
  for (let i = 0; i < token.length; i++) {
    const digit = token.charCodeAt(i) - ZERO
    if (digit < 0 || digit > 9)
      return E.left(notASequenceNumber(token, 'it has other characters than the digits 0 to 9'))
    n = n * 10 + digit
  }
  if (token.charCodeAt(0) === ZERO) return E.left(notASequenceNumber(token, 'it has a leading zero'))
  // Values from 2^53 may be rounded, but never into the safe range: rounding is monotone and 2^53 is exact.
  return is(n) ? E.right(n) : E.left(notASequenceNumber(token, 'it is larger than 9007199254740991'))
}

/**
 * The number that a text ends with, from a position on; `undefined` if `parse` refuses it. It allocates nothing.
 *
 * @since 0.1.0
 */
export const readAt = (text: string, start: number): SequenceNumber | undefined => {
  if (text.charCodeAt(start) === ZERO) return undefined
  let n = 0
  for (let i = start; i < text.length; i++) {
    const digit = text.charCodeAt(i) - ZERO
    if (digit < 0 || digit > 9) return undefined
    n = n * 10 + digit
  }
  return is(n) ? n : undefined
}

/** Formats the canonical token. @since 0.1.0 */
export const format = (n: SequenceNumber): string => String(n)

/** Describes the error in one sentence. @since 0.1.0 */
export const explain = (e: NotASequenceNumber): string =>
  `${quoted(e.token)} is not a sequence number: ${e.reason}. ` +
  'A sequence number is an integer from 1 to 9007199254740991 in plain decimal digits.'

/** The codec of the number as a JSON number. @since 0.1.0 */
export const codec: t.Type<SequenceNumber, SequenceNumber, unknown> = /* @__PURE__ */ ofGuard(
  'SequenceNumber',
  is,
  'an integer from 1 to 9007199254740991',
)

/**
 * The codec of the token. Laws: `decode(encode(n))` is `right(n)`; a token that decodes encodes to itself.
 *
 * @since 0.1.0
 */
export const token: t.Type<SequenceNumber, string, unknown> = /* @__PURE__ */ ofParser(
  'SequenceNumberToken',
  is,
  parse,
  explain,
  format,
)

/** The distance from one number to another: `distanceFrom(40)(42)` is 2. @since 0.1.0 */
export const distanceFrom =
  (from: SequenceNumber) =>
  (to: SequenceNumber): number =>
    to - from

/** Equal as numbers. @since 0.1.0 */
export const Eq: EqOf<SequenceNumber> = number.Eq

/** Ascending order. @since 0.1.0 */
export const Ord: OrdOf<SequenceNumber> = number.Ord

/** Shows the token. @since 0.1.0 */
export const Show: ShowOf<SequenceNumber> = { show: format }
