/**
 * The errors that this library throws. Each carries its reason as tagged data.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import type { AddressError } from '../core/protocol/Address.ts'
import type * as Subject from '../core/protocol/Subject.ts'
import type { Lost, Overflowed } from '../core/receiver/Delivery.ts'
import type { Exhausted } from '../core/sender/Sender.ts'

/** A value that is not a valid subject. @since 0.1.0 */
export interface BadSubject {
  readonly _tag: 'BadSubject'
  readonly subject: unknown
}

/** An unknown option, or an invalid value of an option. @since 0.1.0 */
export interface BadOption {
  readonly _tag: 'BadOption'
  readonly option: string
  readonly value: unknown
}

/** The publisher is closed or closing. @since 0.1.0 */
export interface Closed {
  readonly _tag: 'Closed'
}

/** The server did not confirm these messages before the publisher ended. They may not have arrived. @since 0.1.0 */
export interface Unconfirmed {
  readonly _tag: 'Unconfirmed'
  readonly ranges: ReadonlyArray<{ readonly origin: string; readonly first: number; readonly last: number }>
}

/** A subscription was drained while disconnected. These messages are missing or held back. @since 0.1.0 */
export interface Unsettled {
  readonly _tag: 'Unsettled'
  readonly ranges: ReadonlyArray<Lost>
}

/** A payload that is neither bytes nor a string. @since 0.1.0 */
export interface BadPayload {
  readonly _tag: 'BadPayload'
  readonly data: unknown
}

/** Headers that the client did not create. @since 0.1.0 */
export interface BadHeaders {
  readonly _tag: 'BadHeaders'
  readonly headers: unknown
}

/** Headers with an inline status. Receivers would take the message for an answer. @since 0.1.0 */
export interface StatusInHeaders {
  readonly _tag: 'StatusInHeaders'
  readonly code: number
}

/** Payload and headers exceed the server's `max_payload`. Sizes are in bytes. @since 0.1.0 */
export interface PayloadTooLarge {
  readonly _tag: 'PayloadTooLarge'
  readonly bytes: number
  readonly max: number
}

/** Disconnected, and the history is full. `messages` and `bytes` are its content. @since 0.1.0 */
export interface HistoryFull {
  readonly _tag: 'HistoryFull'
  readonly messages: number
  readonly bytes: number
}

/** All reserved numbers are used, up to `last`, and the next ones are not reserved yet. @since 0.1.0 */
export interface NotReserved {
  readonly _tag: 'NotReserved'
  readonly origin: string
  readonly last: number
}

/** The server does not permit this user to subscribe. @since 0.1.0 */
export interface SubscriptionRefused {
  readonly _tag: 'SubscriptionRefused'
  readonly subject: string
  /** The subject to add to the permissions of the user, such as `_SEQ.HB.updates.*`. */
  readonly rule: string
  readonly cause: Error
}

/** Another publisher of this connection sends on the same `single` subject. @since 0.1.0 */
export interface AlreadyPublished {
  readonly _tag: 'AlreadyPublished'
  readonly subject: string
}

/** A subject that is not within the filter of a publisher. @since 0.1.0 */
export interface OutsideFilter {
  readonly _tag: 'OutsideFilter'
  readonly subject: string
  readonly filter: string
}

/** A stream name that is not valid. @since 0.1.0 */
export interface BadStream {
  readonly _tag: 'BadStream'
  readonly stream: string
}

/**
 * A stream of a replayer that can't be used.
 *
 * - `NotFound`: it does not exist;
 * - `NoDirectAccess`: its configuration lacks `allow_direct`;
 * - `NoAnswer`: nobody answers within 5 s, because JetStream is not there or this user lacks the permission.
 *
 * @since 0.1.0
 */
export interface StreamUnavailable {
  readonly _tag: 'StreamUnavailable'
  readonly stream: string
  /** The prefix of its API. */
  readonly api: string
  readonly why: 'NotFound' | 'NoDirectAccess' | 'NoAnswer'
}

/** A subject whose stream would also capture requests, answers or heartbeats. @since 0.1.0 */
export interface CapturesControl {
  readonly _tag: 'CapturesControl'
  readonly subject: string
  /** What the stream would capture. */
  readonly captured: string
  /** What it must not capture. */
  readonly control: string
}

/** The server refuses a request about a stream. @since 0.1.0 */
export interface StreamRefused {
  readonly _tag: 'StreamRefused'
  readonly stream: string
  /** The prefix of its API. */
  readonly api: string
  readonly request: 'INFO' | 'CREATE' | 'UPDATE'
  /** The server's `err_code`, such as 10065. */
  readonly code: number
  /** The server's words. */
  readonly description: string
}

/** A stream whose settings can't become what was planned. @since 0.1.0 */
export interface StreamIncompatible {
  readonly _tag: 'StreamIncompatible'
  readonly stream: string
  /** The prefix of its API. */
  readonly api: string
  /** The server's names of the settings that can't change. */
  readonly settings: ReadonlyArray<string>
}

/** A stream that has changed since it was planned. @since 0.1.0 */
export interface PlanOutdated {
  readonly _tag: 'PlanOutdated'
  readonly stream: string
  /** The prefix of its API. */
  readonly api: string
}

/** A connection that `sequenced` has already wrapped. @since 0.1.0 */
export interface WrappedTwice {
  readonly _tag: 'WrappedTwice'
}

/** A connection that `sequenced` has not wrapped. @since 0.1.0 */
export interface NotSequenced {
  readonly _tag: 'NotSequenced'
}

/** A filter that matches numbered subjects and others. @since 0.1.0 */
export interface MixedFilter {
  readonly _tag: 'MixedFilter'
  readonly subject: string
}

/** A subscription in a queue group, which would split a sequence. @since 0.1.0 */
export interface QueueGroup {
  readonly _tag: 'QueueGroup'
  readonly subject: string
  readonly queue: string
}

/** A key that a store can't keep. @since 0.1.0 */
export interface BadKey {
  readonly _tag: 'BadKey'
  readonly key: unknown
}

/** A stored value that can't be read. It is never treated as missing. @since 0.1.0 */
export interface Damaged {
  readonly _tag: 'Damaged'
  readonly key: string
  /** What is wrong with it. */
  readonly why: string
}

/** A store could not read or write. After a failed write, the value may have been written. @since 0.1.0 */
export interface StoreFailed {
  readonly _tag: 'StoreFailed'
  readonly key: string
  readonly cause: unknown
}

/** Another receiver has opened the saved positions with this name. @since 0.1.0 */
export interface PositionsTaken {
  readonly _tag: 'PositionsTaken'
  readonly name: string
}

/** Saved positions that a subscription already uses, or has used. @since 0.1.0 */
export interface PositionsInUse {
  readonly _tag: 'PositionsInUse'
  readonly name: string
}

/** The reasons why `publish` refuses a message. @since 0.1.0 */
export type PublishRefusal =
  | Closed
  | Exhausted
  | Subject.BadSubject
  | BadPayload
  | BadHeaders
  | StatusInHeaders
  | PayloadTooLarge
  | HistoryFull
  | NotReserved

/** All error reasons. `Lost` and `Overflowed` appear here because callbacks can receive them as `err`. @since 0.1.0 */
export type Reason =
  | PublishRefusal
  | AddressError
  | BadSubject
  | BadOption
  | AlreadyPublished
  | OutsideFilter
  | SubscriptionRefused
  | BadStream
  | StreamUnavailable
  | CapturesControl
  | StreamRefused
  | StreamIncompatible
  | PlanOutdated
  | WrappedTwice
  | NotSequenced
  | Unconfirmed
  | Unsettled
  | MixedFilter
  | QueueGroup
  | BadKey
  | Damaged
  | StoreFailed
  | PositionsTaken
  | PositionsInUse
  | Lost
  | Overflowed

/** An error of this library. @since 0.1.0 */
export interface SequencedError<R extends Reason = Reason> extends Error {
  readonly name: 'SequencedError'
  /** The cause as tagged data. */
  readonly reason: R
}

/** Creates an error of this library. The message states the cause first, then the remedy. @since 0.1.0 */
export const sequencedError = <R extends Reason>(message: string, reason: R): SequencedError<R> =>
  Object.assign(new Error(message), { name: 'SequencedError' as const, reason })

/** Formats the first ten ranges of messages. */
export const formatRanges = (
  ranges: ReadonlyArray<{ origin: string; first: number; last: number | undefined }>,
): string => {
  const shown = ranges.slice(0, 10).map(r => `${r.origin} ${r.first === r.last ? r.first : `${r.first} to ${r.last}`}`)
  return shown.join(', ') + (ranges.length > shown.length ? `, and ${ranges.length - shown.length} more` : '')
}

/** The error of a publisher that ended before the server's confirmation. */
export const unconfirmedError = (unconfirmed: Unconfirmed['ranges']): SequencedError<Unconfirmed> => {
  const ranges = unconfirmed.map(({ origin, first, last }) => ({ origin, first, last }))
  return sequencedError(
    `The server has not confirmed ${formatRanges(ranges)}. These messages may not have arrived, and are not sent again. Close while connected, or raise drainTimeout.`,
    { _tag: 'Unconfirmed', ranges },
  )
}

/** True for errors of this library. @since 0.1.0 */
export const isSequencedError = (u: unknown): u is SequencedError =>
  u instanceof Error && u.name === 'SequencedError' && 'reason' in u

/** Returns the value of an `Either`, or throws its error as a `SequencedError`. */
export const orThrow =
  <Err extends Reason>(explain: (e: Err) => string) =>
  <A>(either: E.Either<Err, A>): A => {
    if (E.isLeft(either)) throw sequencedError(explain(either.left), either.left)
    return either.right
  }

/** An error of the client. @since 0.1.0 */
export interface ClientError {
  readonly _tag: 'ClientError'
  readonly cause: unknown
}
