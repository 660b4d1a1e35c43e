/**
 * The address of a message is its id. `updates.42` names the origin and the number.
 *
 * @module
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import * as Eq_ from 'fp-ts/lib/Eq.js'
import { contramap, getMonoid, type Ord as OrdOf } from 'fp-ts/lib/Ord.js'
import type { Show as ShowOf } from 'fp-ts/lib/Show.js'
import * as string from 'fp-ts/lib/string.js'
import type * as t from 'io-ts'
import { ofParser } from '../internal/codec.ts'
import * as Origin from './Origin.ts'
import * as SequenceNumber from './SequenceNumber.ts'
import type { Filter } from './Subject.ts'

/** An origin and a number. @since 0.1.0 */
export interface Address {
  readonly origin: Origin.Origin
  readonly number: SequenceNumber.SequenceNumber
}

/** Why a subject is not an address. @since 0.1.0 */
export type AddressError = Origin.OriginError | SequenceNumber.NotASequenceNumber

/** The data subject of a message: `updates.42`. @since 0.1.0 */
export const format = (a: Address): string => `${a.origin.name}.${a.number}`

/**
 * Parses a data subject. Law: `parse(addressing)(format(a))` is `right(a)` for every address of that addressing.
 *
 * @example
 * import { Address } from 'nats-sequenced/core'
 *
 * Address.parse('single')('updates.042') // left({ _tag: 'NotASequenceNumber', token: '042', reason: 'it has a leading zero' })
 *
 * @since 0.1.0
 */
export const parse =
  (addressing: Origin.Addressing) =>
  (subject: string): E.Either<AddressError, Address> => {
    const dot = subject.lastIndexOf('.')
    const number = SequenceNumber.parse(subject.slice(dot + 1))
    if (E.isLeft(number)) return number
    const origin = Origin.parse(addressing)(subject.slice(0, Math.max(dot, 0)))
    return E.isLeft(origin) ? origin : E.right({ origin: origin.right, number: number.right })
  }

/** Describes the error in one sentence. @since 0.1.0 */
export const explain = (e: AddressError): string =>
  e._tag === 'NotASequenceNumber' ? SequenceNumber.explain(e) : Origin.explain(e)

/** True for an address of that addressing. @since 0.1.0 */
export const is =
  (addressing: Origin.Addressing) =>
  (u: unknown): u is Address => {
    if (typeof u !== 'object' || u === null || !('origin' in u) || !('number' in u)) return false
    return SequenceNumber.is(u.number) && Origin.is(addressing)(u.origin)
  }

/** The codec of the data subject. @since 0.1.0 */
export const codec = (addressing: Origin.Addressing): t.Type<Address, string, unknown> =>
  ofParser('Address', is(addressing), parse(addressing), explain, format)

/**
 * The filter that matches all messages of a subject. The subject may have wildcards.
 *
 * @example
 * import { Address, Subject } from 'nats-sequenced/core'
 * import * as E from 'fp-ts/lib/Either.js'
 *
 * E.map(Address.filter('single'))(Subject.parseFilter('updates')) // right('updates.*')
 * E.map(Address.filter('perSender'))(Subject.parseFilter('prices.>')) // right('prices.*.*.*.>')
 *
 * @since 0.1.0
 */
export const filter =
  (addressing: Origin.Addressing) =>
  (subjects: Filter): string => {
    const tokens = addressing === 'single' ? '*' : '*.*.*'
    // `>` matches one or more tokens. The sender and number tokens go before it, so it still matches the last of them.
    if (subjects === '>') return `${tokens}.>`
    return subjects.endsWith('.>') ? `${subjects.slice(0, -1)}${tokens}.>` : `${subjects}.${tokens}`
  }

/** Equal if they name the same message. @since 0.1.0 */
export const Eq: Eq_.Eq<Address> = Eq_.struct({ origin: Origin.Eq, number: SequenceNumber.Eq })

/** Orders by origin, then by number. @since 0.1.0 */
export const Ord: OrdOf<Address> = getMonoid<Address>().concat(
  contramap((a: Address) => a.origin.name)(string.Ord),
  contramap((a: Address) => a.number)(SequenceNumber.Ord),
)

/** Shows the data subject. @since 0.1.0 */
export const Show: ShowOf<Address> = { show: format }
