/**
 * The error that the shell throws, as nats.js does, where the functional surface gives tagged data.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import type { AddressError } from '../core/protocol/Address.ts'
import type { BadSubject } from '../core/protocol/Subject.ts'
import type { Lost, Overflowed } from '../core/receiver/Delivery.ts'
import type { Exhausted } from '../core/sender/Sender.ts'

/** What stands where a subject should, and is none. @since 0.1.0 */
export interface NoSubject {
  readonly _tag: 'BadSubject'
  readonly subject: unknown
}

/** An option that there is not, or a value that it can't have. @since 0.1.0 */
export interface BadOption {
  readonly _tag: 'BadOption'
  readonly option: string
  readonly value: unknown
}

/** The publisher is closed, or closing. @since 0.1.0 */
export interface Closed {
  readonly _tag: 'Closed'
}

/** The server did not confirm these messages before the end: they may not have arrived. @since 0.1.0 */
export interface NotConfirmed {
  readonly _tag: 'Unconfirmed'
  readonly ranges: ReadonlyArray<{ readonly origin: string; readonly first: number; readonly last: number }>
}

/** A subscription was drained while disconnected, and these messages are missing or held back. @since 0.1.0 */
export interface Unsettled {
  readonly _tag: 'Unsettled'
  readonly ranges: ReadonlyArray<Lost>
}

/** Neither bytes nor text. @since 0.1.0 */
export interface BadPayload {
  readonly _tag: 'BadPayload'
  readonly data: unknown
}

/** Headers that the client has not made. @since 0.1.0 */
export interface BadHeaders {
  readonly _tag: 'BadHeaders'
  readonly headers: unknown
}

/** Headers with an inline status, which would read as the answer to a request. @since 0.1.0 */
export interface StatusInHeaders {
  readonly _tag: 'StatusInHeaders'
  readonly code: number
}

/** Payload and headers have more bytes than the server takes (its `max_payload`). @since 0.1.0 */
export interface PayloadTooLarge {
  readonly _tag: 'PayloadTooLarge'
  readonly bytes: number
  readonly max: number
}

/** Disconnected, and the history has no room left: it holds that many messages and bytes. @since 0.1.0 */
export interface HistoryFull {
  readonly _tag: 'HistoryFull'
  readonly messages: number
  readonly bytes: number
}

/** The server does not let this user subscribe. @since 0.1.0 */
export interface SubscriptionRefused {
  readonly _tag: 'SubscriptionRefused'
  readonly subject: string
  readonly cause: Error
}

/** Another publisher of this connection sends on the same `single` subject. @since 0.1.0 */
export interface AlreadyPublished {
  readonly _tag: 'AlreadyPublished'
  readonly subject: string
}

/** A subject that is not within those of a publisher. @since 0.1.0 */
export interface OutsideFilter {
  readonly _tag: 'OutsideFilter'
  readonly subject: string
  readonly filter: string
}

/** What can't be the name of a stream. @since 0.1.0 */
export interface BadStream {
  readonly _tag: 'BadStream'
  readonly stream: string
}

/** A connection that has been wrapped by `sequenced` before. @since 0.1.0 */
export interface WrappedTwice {
  readonly _tag: 'WrappedTwice'
}

/** A connection that `sequenced` has not wrapped. @since 0.1.0 */
export interface NotSequenced {
  readonly _tag: 'NotSequenced'
}

/** A filter that takes in subjects that are numbered, and others. @since 0.1.0 */
export interface Across {
  readonly _tag: 'Across'
  readonly subject: string
}

/** A queue group, which would split a sequence. @since 0.1.0 */
export interface QueueGroup {
  readonly _tag: 'QueueGroup'
  readonly subject: string
  readonly queue: string
}

/** Why a message can't be published. @since 0.1.0 */
export type PublishRefusal =
  | Closed
  | Exhausted
  | BadSubject
  | BadPayload
  | BadHeaders
  | StatusInHeaders
  | PayloadTooLarge
  | HistoryFull

/** All that can be wrong; what is lost comes as an error where the client has no other word for it. @since 0.1.0 */
export type Reason =
  | PublishRefusal
  | AddressError
  | NoSubject
  | BadOption
  | AlreadyPublished
  | OutsideFilter
  | SubscriptionRefused
  | BadStream
  | WrappedTwice
  | NotSequenced
  | NotConfirmed
  | Unsettled
  | Across
  | QueueGroup
  | Lost
  | Overflowed

/** What this library throws. @since 0.1.0 */
export interface SequencedError<R extends Reason = Reason> extends Error {
  readonly name: 'SequencedError'
  /** What was wrong, as data. */
  readonly reason: R
}

/** An error of this library: it says what was wrong, and what to do. @since 0.1.0 */
export const sequencedError = <R extends Reason>(message: string, reason: R): SequencedError<R> =>
  Object.assign(new Error(message), { name: 'SequencedError' as const, reason })

/** The first ten ranges of messages in words. */
export const formatRanges = (
  ranges: ReadonlyArray<{ origin: string; first: number; last: number | undefined }>,
): string => {
  const shown = ranges.slice(0, 10).map(r => `${r.origin} ${r.first === r.last ? r.first : `${r.first} to ${r.last}`}`)
  return shown.join(', ') + (ranges.length > shown.length ? `, and ${ranges.length - shown.length} more` : '')
}

/** The error of an end that came before the server's confirmation. */
export const unconfirmedError = (unconfirmed: NotConfirmed['ranges']): SequencedError<NotConfirmed> => {
  const ranges = unconfirmed.map(({ origin, first, last }) => ({ origin, first, last }))
  return sequencedError(
    `The server has not confirmed ${formatRanges(ranges)}: these messages may not have arrived, and are not sent again. Close while connected, or allow for a longer drainTimeout.`,
    { _tag: 'Unconfirmed', ranges },
  )
}

/** True for what this library throws. @since 0.1.0 */
export const isSequencedError = (u: unknown): u is SequencedError =>
  u instanceof Error && u.name === 'SequencedError' && 'reason' in u

/**
 * The value, or the reason why there is none as an exception.
 *
 * @example
 * import { orThrow, Subject } from 'nats-sequenced'
 *
 * orThrow(Subject.explain)(Subject.parse('updates')) // 'updates'
 *
 * @since 0.1.0
 */
export const orThrow =
  <Err extends Reason>(explain: (e: Err) => string) =>
  <A>(either: E.Either<Err, A>): A => {
    if (E.isLeft(either)) throw sequencedError(explain(either.left), either.left)
    return either.right
  }

/** What the client has thrown. @since 0.1.0 */
export interface ClientError {
  readonly _tag: 'ClientError'
  readonly cause: unknown
}
